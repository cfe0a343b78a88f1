//! Part `subscribers`: thousands of clients that have subscribed to `+switch-master` at one sentinel, and how long until the
//! last of them knows of a switchover.

use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::epoll;
use watchkeeper_conformance::conn::encode;
use watchkeeper_conformance::{Flavour, FrameExt, Topology};

use crate::fleet::DEADLINE;
use crate::host::raise_open_files;
use crate::options::Options;
use crate::report::{Report, name};
use crate::stat::{Values, ms_between};
use crate::table::Target;

/// The first line of the raw results.
pub(crate) const CSV_HEAD: &str = "sentinels,run,subscribers,first_ms,median_ms,p99_ms,last_ms";

const SUBSCRIBERS: usize = 5_000;
const RUNS: usize = 5;
/// Upstream takes ten seconds until an old master is its replica again, and another switchover is possible.
const PAUSE: Duration = Duration::from_millis(500);

/// What one switchover gave, in milliseconds between the first subscriber's message and the last's, and from the
/// promotion to the last.
struct Told {
    flavour: Flavour,
    spread: f64,
    since_promotion: f64,
}

/// Measures the part.
pub(crate) fn run(options: &Options, report: &mut Report) {
    raise_open_files(20_000);
    let count = options.size.unwrap_or(SUBSCRIBERS);
    let mut all = Vec::new();
    for flavour in options.flavours() {
        let group =
            Topology::new().sentinels(&[flavour]).replicas(1).sentinel_config("maxclients 15000").start();
        let mut crowd = Crowd::subscribe(group.sentinels[0].port(), count);
        let recorder = group.record(0);
        for number in 0..options.runs.unwrap_or(RUNS) {
            group.wait_converged(DEADLINE);
            std::thread::sleep(PAUSE);
            let began = Instant::now();
            let reply = group.sentinels[0].conn().call(&["SENTINEL", "FAILOVER", group.name()]);
            assert!(!reply.is_error(), "{}", reply.show());
            let times = crowd.wait_told();
            let promoted = recorder.wait_for(DEADLINE, "+promoted-slave", |event| {
                event.at > began && event.channel == "+promoted-slave"
            });
            let since = Values::of(times.iter().map(|at| ms_between(promoted.at, *at)));
            let of = |percent| since.percentile(percent).unwrap_or(f64::NAN);
            let (first, last) = (since.min().unwrap_or(f64::NAN), of(100));
            let who = name(flavour);
            report.line(
                &format!("{who},{number},{count},{first:.1},{:.1},{:.1},{last:.1}", of(50), of(99)),
                &format!(
                    "{who:<15} {count} told {first:.1} to {last:.1} ms after the promotion (median {:.1})",
                    of(50)
                ),
            );
            all.push(Told { flavour, spread: last - first, since_promotion: last });
        }
    }
    let of = |flavour: Flavour, pick: fn(&Told) -> f64| {
        Values::of(all.iter().filter(|told| told.flavour == flavour).map(pick))
    };
    for percent in [50, 100] {
        let which = if percent == 50 { "median" } else { "worst" };
        let both = (&of(Flavour::Redis, |told| told.spread), &of(Flavour::Ours, |told| told.spread));
        let measure = format!("{count} subscribers, ms from the first told to the last, {which}");
        report.percentile(&measure, both, percent, Target::AtMost(100.0));
        let since: fn(&Told) -> f64 = |told| told.since_promotion;
        let both = (&of(Flavour::Redis, since), &of(Flavour::Ours, since));
        report.percentile(&format!("the same since the promotion, {which}"), both, percent, Target::None);
    }
}

/// Many connections, looked at by one thread that does nothing but to note when each is told.
struct Crowd {
    poll: std::os::fd::OwnedFd,
    streams: Vec<std::net::TcpStream>,
}

impl Crowd {
    fn subscribe(port: u16, count: usize) -> Crowd {
        let began = Instant::now();
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).expect("epoll is there");
        let mut streams = Vec::with_capacity(count);
        let mut confirmed = vec![0; 256];
        for number in 0..count {
            let mut stream = std::net::TcpStream::connect(("127.0.0.1", port))
                .unwrap_or_else(|error| panic!("subscriber {number}: {error}"));
            std::io::Write::write_all(&mut stream, &encode(&["SUBSCRIBE", "+switch-master"]))
                .expect("it is taken");
            let length = std::io::Read::read(&mut stream, &mut confirmed).expect("an answer comes");
            let answer = String::from_utf8_lossy(&confirmed[..length]).into_owned();
            assert!(answer.contains("subscribe"), "subscriber {number} is answered `{answer}`");
            stream.set_nonblocking(true).expect("sockets can be");
            let mark = epoll::EventData::new_u64(number as u64);
            epoll::add(&poll, &stream, mark, epoll::EventFlags::IN).expect("sockets can be watched");
            streams.push(stream);
        }
        println!("{count} subscribed in {:.1} s", began.elapsed().as_secs_f64());
        Crowd { poll, streams }
    }

    /// When each was told, once all are.
    fn wait_told(&mut self) -> Vec<Instant> {
        let mut told = vec![None; self.streams.len()];
        let mut left = self.streams.len();
        let mut events = Vec::with_capacity(1024);
        let mut buffer = [0; 512];
        let until = Instant::now() + DEADLINE;
        let pause = rustix::event::Timespec { tv_sec: 1, tv_nsec: 0 };
        while left > 0 {
            assert!(Instant::now() < until, "{left} subscribers were not told within {DEADLINE:?}");
            events.clear();
            let _ = epoll::wait(&self.poll, spare_capacity(&mut events), Some(&pause));
            let now = Instant::now();
            for event in &events {
                let Ok(at) = usize::try_from(event.data.u64()) else { continue };
                let length = std::io::Read::read(&mut self.streams[at], &mut buffer).unwrap_or(0);
                assert!(length > 0, "subscriber {at} was cut off");
                if told[at].is_none() {
                    told[at] = Some(now);
                    left -= 1;
                }
            }
        }
        told.into_iter().flatten().collect()
    }
}
