//! What only the process knows: for `INFO`, and the randomness that seeds the core.

use std::io;
use std::path::Path;

use watchkeeper_core::config::General;
use watchkeeper_core::io::Facts;

/// Fills a buffer with the system's randomness.
pub(super) fn fill_random(buffer: &mut [u8]) -> io::Result<()> {
    let mut filled = 0;
    while filled < buffer.len() {
        match rustix::rand::getrandom(&mut buffer[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(n) => filled += n,
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

/// A random number.
pub(super) fn random_u64() -> io::Result<u64> {
    let mut bytes = [0; 8];
    fill_random(&mut bytes)?;
    Ok(u64::from_ne_bytes(bytes))
}

/// The facts that stay.
pub(super) fn collect(
    general: &General,
    config_path: &Path,
    manager: Option<&'static str>,
) -> io::Result<Facts> {
    let mut id = [0_u8; 20];
    fill_random(&mut id)?;
    let uname = rustix::system::uname();
    let os = [uname.sysname(), uname.release(), uname.machine()].map(|part| part.to_string_lossy()).join(" ");
    let executable = std::env::current_exe().map(|path| path.display().to_string()).unwrap_or_default();
    Ok(Facts {
        pid: std::process::id(),
        run_id: id.iter().map(|b| format!("{b:02x}")).collect(),
        os,
        executable,
        config_file: config_path.display().to_string(),
        tcp_port: if general.port == 0 { general.tls.port } else { general.port },
        supervised: manager.unwrap_or("no").into(),
        cpu_seconds: [0.0; 4],
        net_input_bytes: 0,
        net_output_bytes: 0,
        connections_received: 0,
        compiler: concat!("rustc ", env!("CARGO_PKG_RUST_VERSION"), " or newer").into(),
    })
}

/// CPU seconds: system, user, system of children, user of children. Zeros where the system does not say.
pub(super) fn cpu_seconds() -> [f64; 4] {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    parse_stat(&stat, rustix::param::clock_ticks_per_second()).unwrap_or_default()
}

fn parse_stat(stat: &str, ticks_per_second: u64) -> Option<[f64; 4]> {
    // The program's name, in brackets, may hold anything.
    let (_, after) = stat.rsplit_once(')')?;
    let mut fields = after.split_whitespace().skip(11);
    let mut next = || -> Option<f64> {
        let ticks: u32 = fields.next()?.parse().ok()?;
        Some(f64::from(ticks) / ticks_per_second as f64)
    };
    let (user, system, child_user, child_system) = (next()?, next()?, next()?, next()?);
    Some([system, user, child_system, child_user])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_times_are_found_behind_any_program_name() {
        let stat = "12 (a) b) S 1 2 3 4 5 6 7 8 9 10 150 250 300 400 20 0";
        assert_eq!(parse_stat(stat, 100), Some([2.5, 1.5, 4.0, 3.0]));
        assert_eq!(parse_stat("", 100), None);
    }

    #[test]
    fn facts_name_this_process() {
        let general = General { port: 0, ..General::default() };
        let facts = collect(&general, Path::new("/x/s.conf"), None).unwrap();
        assert_eq!(facts.pid, std::process::id());
        assert_eq!(facts.run_id.len(), 40);
        assert_eq!(facts.config_file, "/x/s.conf");
        assert!(facts.os.starts_with("Linux "), "{}", facts.os);
    }
}
