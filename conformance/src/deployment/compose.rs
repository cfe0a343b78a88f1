//! Docker and docker-compose, as commands. The project's name is this process's own; nothing of it is left behind.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A project of docker-compose.
#[derive(Debug)]
pub struct Compose {
    project: String,
    root: PathBuf,
    ports: Vec<(String, String)>,
    keep: bool,
}

impl Compose {
    /// Whether a Docker engine answers and docker-compose is there.
    ///
    /// # Errors
    /// Why not.
    pub fn possible() -> Result<(), String> {
        run(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
            .map_err(|reason| format!("no Docker engine answers: {reason}"))?;
        run(Command::new("docker-compose").arg("version"))
            .map_err(|reason| format!("no docker-compose: {reason}"))?;
        Ok(())
    }

    /// A project on ports of its own. Nothing is started.
    pub fn new(keep: bool) -> Compose {
        let project = format!("watchkeeper-test-{}", std::process::id());
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let port = |index: usize| (format!("SENTINEL_{index}_PORT"), crate::ports::free_port().to_string());
        Compose { project, root, ports: (1..=5).map(port).collect(), keep }
    }

    /// `docker-compose ...`
    ///
    /// # Errors
    /// What it said.
    pub fn compose(&self, words: &[&str]) -> Result<String, String> {
        let mut command = Command::new("docker-compose");
        command.args(["-p", &self.project]).args(words).current_dir(&self.root);
        command.envs(self.ports.iter().cloned());
        // Where there is no plugin for it, asking for BuildKit would fail.
        command.env("COMPOSE_DOCKER_CLI_BUILD", "0").env("DOCKER_BUILDKIT", "0");
        run(&mut command)
    }

    /// The name of a service's container.
    pub fn container(&self, service: &str) -> String {
        format!("{}_{service}_1", self.project)
    }

    /// The name of the network.
    pub fn network(&self) -> String {
        format!("{}_default", self.project)
    }

    /// `docker WORD... CONTAINER...`, with the containers of these services.
    ///
    /// # Errors
    /// What it said.
    pub fn docker(&self, words: &[&str], services: &[&str]) -> Result<String, String> {
        let containers: Vec<String> = services.iter().map(|service| self.container(service)).collect();
        run(Command::new("docker").args(words).args(&containers))
    }

    /// Takes services off the network.
    ///
    /// # Errors
    /// What Docker said.
    pub fn cut(&self, services: &[&str]) -> Result<(), String> {
        for service in services {
            run(Command::new("docker").args([
                "network",
                "disconnect",
                &self.network(),
                &self.container(service),
            ]))?;
        }
        Ok(())
    }

    /// Puts services back on it, with their names.
    ///
    /// # Errors
    /// What Docker said.
    pub fn heal(&self, services: &[&str]) -> Result<(), String> {
        for service in services {
            let words = ["network", "connect", "--alias", service, &self.network(), &self.container(service)];
            run(Command::new("docker").args(words))?;
        }
        Ok(())
    }

    /// The address of a service now, if it runs and is on the network.
    pub fn address(&self, service: &str) -> Option<IpAddr> {
        let format = "{{if .State.Running}}{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}{{end}}";
        let mut command = Command::new("docker");
        command.args(["inspect", "--format", format, &self.container(service)]);
        run(&mut command).ok()?.trim().parse().ok()
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if self.keep && std::thread::panicking() {
            eprintln!("kept: docker-compose -p {} down -v", self.project);
            return;
        }
        if let Err(reason) = self.compose(&["down", "-v", "--remove-orphans", "-t", "1"]) {
            eprintln!("not removed: project `{}`: {reason}", self.project);
        }
    }
}

/// Runs to the end; standard output, or the end of standard error.
fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let last: Vec<&str> = told.lines().rev().take(8).collect();
    Err(last.into_iter().rev().collect::<Vec<_>>().join("\n"))
}
