//! Docker and Compose (`docker-compose` of either version, or `docker compose`), as commands. The project's name is this
//! process's own; nothing of it is left behind.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A project of Compose.
#[derive(Debug)]
pub struct Compose {
    program: &'static [&'static str],
    project: String,
    root: PathBuf,
    ports: Vec<(String, String)>,
    keep: bool,
}

impl Compose {
    /// Whether a Docker engine answers and Compose is there: which version of it.
    ///
    /// # Errors
    /// Why not.
    pub fn possible() -> Result<String, String> {
        run(Command::new("docker").args(["version", "--format", "{{.Server.Version}}"]))
            .map_err(|reason| format!("no Docker engine answers: {reason}"))?;
        let version = run(command_of(program()?).args(["version", "--short"]))?;
        Ok(version.lines().next().unwrap_or_default().to_owned())
    }

    /// A project on ports of its own. Nothing is started.
    ///
    /// # Panics
    /// Where Compose is not [`Compose::possible`].
    pub fn new(keep: bool) -> Compose {
        let project = format!("watchkeeper-test-{}", std::process::id());
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
        let port = |index: usize| (format!("SENTINEL_{index}_PORT"), crate::ports::free_port().to_string());
        let program = program().expect("Compose is there");
        Compose { program, project, root, ports: (1..=5).map(port).collect(), keep }
    }

    /// `docker-compose ...`, or `docker compose ...`
    ///
    /// # Errors
    /// What it said.
    pub fn compose(&self, words: &[&str]) -> Result<String, String> {
        let mut command = command_of(self.program);
        command.args(["-p", &self.project]).args(words).current_dir(&self.root);
        command.envs(self.ports.iter().cloned());
        // Where there is no plugin for it, asking for BuildKit would fail.
        command.env("COMPOSE_DOCKER_CLI_BUILD", "0").env("DOCKER_BUILDKIT", "0");
        run(&mut command)
    }

    /// The id of a service's container, running or not. (Its name is not the same in all versions.)
    ///
    /// # Errors
    /// There is none, or what Docker said.
    pub fn container(&self, service: &str) -> Result<String, String> {
        let project = format!("label=com.docker.compose.project={}", self.project);
        let service = format!("label=com.docker.compose.service={service}");
        let ids =
            run(Command::new("docker").args(["ps", "-aq", "--filter", &project, "--filter", &service]))?;
        ids.lines().next().map(str::to_owned).ok_or_else(|| format!("no container has the {service}"))
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
        let containers = services.iter().map(|service| self.container(service));
        let containers = containers.collect::<Result<Vec<String>, String>>()?;
        run(Command::new("docker").args(words).args(&containers))
    }

    /// Takes services off the network.
    ///
    /// # Errors
    /// What Docker said.
    pub fn cut(&self, services: &[&str]) -> Result<(), String> {
        for service in services {
            let container = self.container(service)?;
            run(Command::new("docker").args(["network", "disconnect", &self.network(), &container]))?;
        }
        Ok(())
    }

    /// Puts services back on it, with their names.
    ///
    /// # Errors
    /// What Docker said.
    pub fn heal(&self, services: &[&str]) -> Result<(), String> {
        for service in services {
            let container = self.container(service)?;
            let words = ["network", "connect", "--alias", service, &self.network(), &container];
            run(Command::new("docker").args(words))?;
        }
        Ok(())
    }

    /// The address of a service now, if it runs and is on the network.
    pub fn address(&self, service: &str) -> Option<IpAddr> {
        let format = "{{if .State.Running}}{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}{{end}}";
        let mut command = Command::new("docker");
        command.args(["inspect", "--format", format, &self.container(service).ok()?]);
        run(&mut command).ok()?.trim().parse().ok()
    }
}

impl Drop for Compose {
    fn drop(&mut self) {
        if self.keep && std::thread::panicking() {
            eprintln!("kept: {} -p {} down -v", self.program.join(" "), self.project);
            return;
        }
        if let Err(reason) = self.compose(&["down", "-v", "--remove-orphans", "-t", "1"]) {
            eprintln!("not removed: project `{}`: {reason}", self.project);
        }
    }
}

/// The Compose that is here: the program of either version, or the plugin of Docker's command.
fn program() -> Result<&'static [&'static str], String> {
    const KNOWN: [&[&str]; 2] = [&["docker-compose"], &["docker", "compose"]];
    let found = KNOWN.into_iter().find(|program| run(command_of(program).arg("version")).is_ok());
    found.ok_or_else(|| "neither `docker-compose` nor `docker compose` is there".to_owned())
}

fn command_of(words: &[&str]) -> Command {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
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
