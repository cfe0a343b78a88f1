//! How pages and pictures look. Light and dark are the reader's choice; the colours of both keep 4.5:1 against the text in
//! them. No fonts are fetched: those of the reader's system are used.

/// Every colour, by name.
pub(super) const COLOURS: &str = ":root{color-scheme:light dark;--paper:#fff;--card:#f6f7f9;--ink:#1b1f24;--dim:#59636e;--rule:#d9dee4;--grid:#eceff2;
--bad:#b3261e;--bad-soft:#fbe3e1;--warn:#8a5a00;--warn-soft:#fdf0d2;--note:#1f5fa8;--note-soft:#e2eefb;--good:#1a6e3c;--good-soft:#def3e5;
--agree:#f4cf7a;--fail:#f2a593;--elect:#a5c8f0;--select:#cdbbf0;--promote:#9cd8ae;--tell:#93d8d8;--unseen:#cfd5dc;--wait:#e0cdb8;
--miss:#f6b8af;--lead:#a5c8f0;--tilt:#cdbbf0;--busy:#f4cf7a;--calm:#dfe4ea;--master:#9cd8ae;--alarm:#b3261e;--on-alarm:#fff}
@media(prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1d2126;--ink:#e8ebef;--dim:#a2adb9;--rule:#373e47;--grid:#23282e;
--bad:#ff8f85;--bad-soft:#3d1c1a;--warn:#f0b84f;--warn-soft:#37290c;--note:#86b9f5;--note-soft:#172a40;--good:#74d296;--good-soft:#12301d;
--agree:#76560c;--fail:#84382a;--elect:#25528a;--select:#55418c;--promote:#1f6a3c;--tell:#15626a;--unseen:#4a525c;--wait:#66503a;
--miss:#85332b;--lead:#25528a;--tilt:#55418c;--busy:#76560c;--calm:#3a424c;--master:#1f6a3c;--alarm:#ff8f85;--on-alarm:#14171b}}
";

/// What is in a picture.
pub(super) const PICTURE: &str = "svg text{font:12px system-ui,sans-serif;fill:var(--ink)}
svg .paper{fill:var(--paper)}
svg .title{font-size:16px;font-weight:600}
svg .said{font-size:13px}
svg .lane{font-size:12.5px;font-weight:600}
svg .dim{font-size:11px;fill:var(--dim)}
svg .tick{font-size:11px;fill:var(--dim);text-anchor:middle}
svg .in{font-size:11.5px}
svg .ev{font:11px ui-monospace,Menlo,Consolas,monospace;paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
svg .end{text-anchor:end}
svg .grid{stroke:var(--grid)}
svg .border{stroke:var(--dim);stroke-dasharray:2 3;opacity:.7}
svg .rule{stroke:var(--rule)}
svg .stem{stroke:var(--dim);stroke-width:1}
svg .cut{fill:var(--paper)}
svg .cut-edge{stroke:var(--dim);stroke-dasharray:5 3}
svg .cut-text{font-size:10.5px;fill:var(--dim);text-anchor:middle}
svg .ph,svg .st{stroke:var(--paper);stroke-width:1}
svg .p-agree{fill:var(--agree)}svg .p-fail{fill:var(--fail)}svg .p-elect{fill:var(--elect)}svg .p-select{fill:var(--select)}
svg .p-promote{fill:var(--promote)}svg .p-tell{fill:var(--tell)}svg .p-unseen{fill:var(--unseen)}svg .p-wait{fill:var(--wait)}
svg .miss{fill:var(--miss)}svg .lead{fill:var(--lead)}svg .tilt{fill:var(--tilt)}svg .busy{fill:var(--busy)}svg .calm{fill:var(--calm)}
svg .good{fill:var(--master)}svg .bad{fill:var(--alarm)}svg .alarm{fill:var(--on-alarm);font-weight:600}
svg .sign-bad{fill:var(--bad)}svg .sign-good{fill:var(--good)}svg .sign-step{fill:var(--note)}
";

/// What is around the pictures of a page.
pub(super) const PAGE: &str = "*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,\"Noto Sans CJK SC\",\"PingFang SC\",\"Microsoft YaHei\",sans-serif}
main,header,footer{max-width:1180px;margin:0 auto;padding:0 24px}
header{padding-top:28px}
h1{font-size:24px;margin:0 0 4px}
h2{font-size:20px;margin:0}
h3{font-size:16px;margin:26px 0 8px}
summary{cursor:pointer;margin:10px 0}
p{margin:6px 0}
a{color:var(--note)}
.dim{color:var(--dim)}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.incident{border-top:3px solid var(--rule);margin-top:34px;padding-top:22px}
.outcome{font-size:18px;margin:8px 0 14px;text-wrap:pretty}
.badge{display:inline-block;border-radius:5px;padding:1px 9px;font-size:14px;font-weight:600;margin-right:8px;white-space:nowrap;border:1px solid currentColor}
.is-good{color:var(--good);background:var(--good-soft)}.is-warn{color:var(--warn);background:var(--warn-soft)}
.is-bad{color:var(--bad);background:var(--bad-soft)}.is-note{color:var(--note);background:var(--note-soft)}
.figures{display:flex;flex-wrap:wrap;gap:12px;margin:0;padding:0}
.figure{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:8px 16px;min-width:180px}
.figure dt{color:var(--dim);font-size:14px}
.figure dd{margin:0;font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}
.figure small{font-size:14px;font-weight:400;color:var(--dim)}
.scroll{overflow-x:auto}
.picture{display:block;width:100%;min-width:860px;height:auto;margin:14px 0 6px;border:1px solid var(--rule);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:15px}
th{text-align:left;color:var(--dim);font-weight:500;font-size:14px}
th,td{padding:4px 14px 4px 0;border-bottom:1px solid var(--rule);vertical-align:top}
.phases{width:auto}
.phases svg{vertical-align:middle}
.longest td{font-weight:600}
code{font:14px ui-monospace,Menlo,Consolas,monospace;white-space:nowrap}
.finding{border:1px solid var(--rule);border-left:5px solid var(--dim);border-radius:6px;padding:10px 16px;margin:10px 0;background:var(--card)}
.finding.bad{border-left-color:var(--bad)}.finding.warn{border-left-color:var(--warn)}.finding.note{border-left-color:var(--note)}
.finding p{max-width:95ch}
.hint{color:var(--ink)}
.hint b{font-weight:600}
pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);padding:8px 14px;border-radius:6px;font-size:13px}
td,p,dd,h1,h2{overflow-wrap:anywhere}
td.key{max-width:24ch;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
footer{border-top:1px solid var(--rule);margin-top:40px;padding-top:12px;padding-bottom:28px;color:var(--dim);font-size:14px}
@media print{.incident{break-inside:avoid-page}.picture{min-width:0}}
";

/// What a page's policy lets in: the style sheet of [`COLOURS`], [`PICTURE`] and [`PAGE`], by its hash.
pub(super) const PAGE_HASH: &str = "sha256-ENORmpjW3DQakaem+SsYNTYvnkiZsDX5tj0eZqxgErI=";

#[cfg(test)]
mod tests {
    use rustls::Tls13CipherSuite;
    use rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;

    use super::*;

    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut out = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
                << (8 * (3 - three.len()));
            for digit in 0..4 {
                let at = (bits >> (18 - 6 * digit) & 63) as usize;
                out.push(if digit > three.len() { '=' } else { char::from(DIGITS[at]) });
            }
        }
        out
    }

    /// A browser that finds another hash shows the page without any style.
    #[test]
    fn the_policy_lets_in_the_style_sheet() {
        let sheet = [COLOURS, PICTURE, PAGE].concat();
        let suite: Option<&Tls13CipherSuite> = TLS13_AES_128_GCM_SHA256.tls13();
        let hash = suite.unwrap().common.hash_provider.hash(sheet.as_bytes());
        assert_eq!(PAGE_HASH, format!("sha256-{}", base64(hash.as_ref())));
    }

    #[test]
    fn nothing_is_fetched_and_no_tag_is_closed_early() {
        let sheet = [COLOURS, PICTURE, PAGE].concat();
        assert!(!sheet.contains("url(") && !sheet.contains("@import") && !sheet.contains('<'));
    }
}
