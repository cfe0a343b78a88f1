//! The engine's periods: what `SENTINEL DEBUG` shows and changes, for tests of the whole.

/// Periods in milliseconds, all above 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tuning {
    /// between two INFOs to a healthy server
    pub(crate) info_period: u64,
    /// between two PINGs, and between two attempts to connect
    pub(crate) ping_period: u64,
    /// between two questions to a peer about a master that is down
    pub(crate) ask_period: u64,
    /// between two hellos to one server or peer
    pub(crate) publish_period: u64,
    /// `down-after-milliseconds` of groups made later
    pub(crate) default_down_after: u64,
    /// `failover-timeout` of groups made later
    pub(crate) default_failover_timeout: u64,
    /// a stall or clock jump longer than this enters TILT
    pub(crate) tilt_trigger: u64,
    /// TILT lasts this long
    pub(crate) tilt_period: u64,
    /// a replica that does not follow this long after being told to is given up
    pub(crate) slave_reconf_timeout: u64,
    /// a link younger than this is not torn down for silence
    pub(crate) min_link_reconnect_period: u64,
    /// an election that takes longer is lost
    pub(crate) election_timeout: u64,
    /// a script that runs longer is killed
    pub(crate) script_max_runtime: u64,
    /// before the first retry of a script; doubled each time
    pub(crate) script_retry_delay: u64,
}

impl Default for Tuning {
    fn default() -> Tuning {
        Tuning {
            info_period: 10_000,
            ping_period: 1_000,
            ask_period: 1_000,
            publish_period: 2_000,
            default_down_after: crate::config::DEFAULT_DOWN_AFTER_MS,
            default_failover_timeout: crate::config::DEFAULT_FAILOVER_TIMEOUT_MS,
            tilt_trigger: 2_000,
            tilt_period: 30_000,
            slave_reconf_timeout: 10_000,
            min_link_reconnect_period: 15_000,
            election_timeout: 10_000,
            script_max_runtime: 60_000,
            script_retry_delay: 30_000,
        }
    }
}

impl Tuning {
    /// Every period with the name `SENTINEL DEBUG` gives it, in its order.
    pub(crate) fn fields(&mut self) -> [(&'static str, &mut u64); 13] {
        [
            ("INFO-PERIOD", &mut self.info_period),
            ("PING-PERIOD", &mut self.ping_period),
            ("ASK-PERIOD", &mut self.ask_period),
            ("PUBLISH-PERIOD", &mut self.publish_period),
            ("DEFAULT-DOWN-AFTER", &mut self.default_down_after),
            ("DEFAULT-FAILOVER-TIMEOUT", &mut self.default_failover_timeout),
            ("TILT-TRIGGER", &mut self.tilt_trigger),
            ("TILT-PERIOD", &mut self.tilt_period),
            ("SLAVE-RECONF-TIMEOUT", &mut self.slave_reconf_timeout),
            ("MIN-LINK-RECONNECT-PERIOD", &mut self.min_link_reconnect_period),
            ("ELECTION-TIMEOUT", &mut self.election_timeout),
            ("SCRIPT-MAX-RUNTIME", &mut self.script_max_runtime),
            ("SCRIPT-RETRY-DELAY", &mut self.script_retry_delay),
        ]
    }
}
