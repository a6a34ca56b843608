//! Finds out which local stack runs, where, and whether it still does.
//!
//! There are two files in [`state_directory`]. The serving process holds a lock on both until it ends, however it
//! ends. `<instance>.lock` is the right to be that instance, and `<instance>.json` says how to reach it. The locks are
//! authoritative. An unlocked JSON file was left by a killed process, and the next claim replaces it.
//!
//! Readers only take a shared lock on the JSON file. So they block neither each other nor a claim, and they only return
//! the state of a living process.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use local_aws::state_directory;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// Time to end after SIGTERM, before the process is killed.
const GRACE: Duration = Duration::from_secs(20);
/// Interval between attempts to take a lock that another process holds.
const POLL: Duration = Duration::from_millis(50);

/// A stack that outlives the command that started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Instance {
    /// The stack of `local up`.
    Stack,
    /// The stack of `demo --keep`.
    Demo,
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stack => "the local stack",
            Self::Demo => "the demo stack",
        })
    }
}

/// How to reach a stack, as its process wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// Process id of the server.
    pub(crate) pid: u32,
    /// URL of the endpoint; `None` during the setup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// Account in which everything is deployed.
    pub(crate) account: String,
    /// Outputs of every deployed stack, by its name.
    #[serde(default)]
    pub(crate) stacks: BTreeMap<String, BTreeMap<String, String>>,
    /// ARN of the backup of the sample table; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sample_backup: Option<String>,
}

/// The variables that point AWS tools at a local stack.
const VARIABLES: [&str; 5] =
    ["AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

/// Returns the shell command that removes the variables of [`State::environment`].
pub(crate) fn unset() -> String {
    format!("unset {}", VARIABLES.join(" "))
}

impl State {
    /// Returns the endpoint; `None` during the setup.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Returns the shell lines that point AWS tools at this stack.
    pub(crate) fn environment(&self) -> anyhow::Result<String> {
        let endpoint = self.endpoint().context("the local stack is still starting")?;
        let region = local_aws::REGION;
        let values = [endpoint, region, region, self.account.as_str(), "local"];
        let exports = VARIABLES.into_iter().zip(values).map(|(name, value)| format!("export {name}={value}"));
        Ok(exports.chain([format!("# later: {}", unset())]).collect::<Vec<_>>().join("\n"))
    }

    /// Returns the port of the endpoint; `None` during the setup.
    pub(crate) fn port(&self) -> Option<u16> {
        self.endpoint()?.rsplit_once(':')?.1.parse().ok()
    }

    /// Returns the command that restores the backup of the sample table.
    pub(crate) fn first_execution(&self) -> Option<String> {
        let input = serde_json::json!({ "BackupArn": self.sample_backup.as_deref()? });
        Some(format!("tablekeeper run rotate-restore --follow --input '{input}'"))
    }
}

/// The right to be an instance. Dropping it, or the end of the process, releases the lock.
#[derive(Debug)]
pub(crate) struct Claim {
    directory: PathBuf,
    instance: Instance,
    _lock: File,
    /// Every file published so far. A reader that opened an earlier one may still test its lock.
    published: Vec<File>,
}

impl Claim {
    /// Publishes the state atomically: the file has its content and its lock before it has its name.
    pub(crate) fn publish(&mut self, state: &State) -> anyhow::Result<()> {
        let path = self.instance.file(&self.directory, "json");
        let draft = path.with_extension("json.new");
        let json = serde_json::to_vec_pretty(state)?;
        let write = || -> io::Result<File> {
            let mut file = File::create(&draft)?;
            file.lock()?;
            file.write_all(&json)?;
            fs::rename(&draft, &path)?;
            Ok(file)
        };
        self.published.push(write().with_context(|| format!("cannot write {}", path.display()))?);
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Without this, readers would find a stale file.
        let _ = fs::remove_file(self.instance.file(&self.directory, "json"));
    }
}

impl Instance {
    /// Every instance that may be running.
    pub(crate) const ALL: [Self; 2] = [Self::Stack, Self::Demo];

    fn file(self, directory: &Path, extension: &str) -> PathBuf {
        let stem = match self {
            Self::Stack => "state",
            Self::Demo => "demo",
        };
        directory.join(stem).with_extension(extension)
    }

    /// Returns the state of this instance if it runs.
    pub(crate) fn read(self) -> anyhow::Result<Option<State>> {
        self.read_in(&state_directory())
    }

    fn read_in(self, directory: &Path) -> anyhow::Result<Option<State>> {
        let path = self.file(directory, "json");
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        match file.try_lock_shared() {
            Ok(()) => return Ok(None),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => {
                return Err(error).with_context(|| format!("cannot lock {}", path.display()));
            }
        }
        let mut json = Vec::new();
        file.read_to_end(&mut json).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_slice(&json)
            .map(Some)
            .with_context(|| format!("{} is not a state file", path.display()))
    }

    /// Claims this instance. Fails if another process holds it.
    pub(crate) async fn claim(self) -> anyhow::Result<Claim> {
        self.claim_in(&state_directory()).await
    }

    async fn claim_in(self, directory: &Path) -> anyhow::Result<Claim> {
        // A process that waits for the end of another stack holds the lock briefly, hence the retries.
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            if let Some(lock) = self.try_lock(directory)? {
                let directory = directory.to_owned();
                return Ok(Claim { directory, instance: self, _lock: lock, published: Vec::new() });
            }
            if Instant::now() >= deadline {
                bail!("{self} is already running; stop it with `tablekeeper local down`");
            }
            sleep(POLL).await;
        }
    }

    /// Stops the instance and waits until it has ended.
    pub(crate) async fn stop(self, state: &State) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(state.pid).context("the state has no valid process id")?);
        for (signal, grace) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, GRACE)] {
            // The process may have ended since the state was read. The lock decides.
            let _ = kill(pid, signal);
            let deadline = Instant::now() + grace;
            while Instant::now() < deadline {
                if self.read()?.is_none() && self.try_lock(&state_directory())?.is_some() {
                    return Ok(());
                }
                sleep(POLL).await;
            }
        }
        bail!("process {} did not end, even after SIGKILL", state.pid)
    }

    fn try_lock(self, directory: &Path) -> anyhow::Result<Option<File>> {
        let path = self.file(directory, "lock");
        fs::create_dir_all(directory).with_context(|| format!("cannot create {}", directory.display()))?;
        let file = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(&path)
            .with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("cannot lock {}", path.display()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Instance, State};

    fn state() -> State {
        State {
            pid: 7,
            endpoint: Some("http://127.0.0.1:4580".into()),
            account: "123456789012".into(),
            stacks: [("s".into(), [("Out".into(), "put".into())].into())].into(),
            sample_backup: Some("arn".into()),
        }
    }

    #[tokio::test]
    async fn others_see_a_claim_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let read = || Instance::Stack.read_in(directory.path()).unwrap();
        assert_eq!(read(), None);

        let mut claim = Instance::Stack.claim_in(directory.path()).await.unwrap();
        assert_eq!(read(), None, "claimed but not yet published");
        claim.publish(&state()).unwrap();
        assert_eq!(read(), Some(state()));
        let refusal = Instance::Stack.claim_in(directory.path()).await.unwrap_err();
        assert!(refusal.to_string().contains("is already running"), "{refusal}");
        assert!(Instance::Demo.claim_in(directory.path()).await.is_ok(), "instances do not clash");

        drop(claim);
        assert_eq!(read(), None);
    }

    #[tokio::test]
    async fn the_file_of_a_killed_process_is_ignored() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.json");
        std::fs::write(&file, serde_json::to_vec(&state()).unwrap()).unwrap();
        let read = || Instance::Stack.read_in(directory.path()).unwrap();
        assert_eq!(read(), None);
        let mut claim = Instance::Stack.claim_in(directory.path()).await.unwrap();
        assert_eq!(read(), None, "the file is stale until the new state is published");
        claim.publish(&State { pid: 8, ..state() }).unwrap();
        assert_eq!(read(), Some(State { pid: 8, ..state() }));
    }

    #[tokio::test]
    async fn publishing_again_replaces_the_state() {
        let directory = tempfile::tempdir().unwrap();
        let mut claim = Instance::Stack.claim_in(directory.path()).await.unwrap();
        for endpoint in [None, Some("http://127.0.0.1:1".to_owned())] {
            let published = State { endpoint, ..state() };
            claim.publish(&published).unwrap();
            assert_eq!(Instance::Stack.read_in(directory.path()).unwrap(), Some(published));
        }
    }

    #[tokio::test]
    async fn readers_do_not_block_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.json");
        std::fs::write(&file, serde_json::to_vec(&state()).unwrap()).unwrap();
        let other = std::fs::File::open(&file).unwrap();
        other.lock_shared().unwrap();
        assert_eq!(Instance::Stack.read_in(directory.path()).unwrap(), None);
        assert!(Instance::Stack.claim_in(directory.path()).await.is_ok());
    }

    #[test]
    fn the_environment_can_be_evaluated_by_a_shell() {
        assert_eq!(
            state().environment().unwrap(),
            "export AWS_ENDPOINT_URL=http://127.0.0.1:4580\nexport AWS_REGION=us-east-1\n\
             export AWS_DEFAULT_REGION=us-east-1\nexport AWS_ACCESS_KEY_ID=123456789012\n\
             export AWS_SECRET_ACCESS_KEY=local\n\
             # later: unset AWS_ENDPOINT_URL AWS_REGION AWS_DEFAULT_REGION AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY"
        );
        let starting = State { endpoint: None, ..state() };
        assert!(starting.environment().is_err());
        assert_eq!((state().port(), starting.port()), (Some(4580), None));
    }

    #[test]
    fn the_first_execution_names_the_sample_backup() {
        let command = state().first_execution().unwrap();
        assert!(command.ends_with(r#"--input '{"BackupArn":"arn"}'"#), "{command}");
        assert_eq!(State { sample_backup: None, ..state() }.first_execution(), None);
    }
}
