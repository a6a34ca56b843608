//! Which local stack runs, where, and whether it still does.
//!
//! Two files under `target/local-aws`: `<instance>.lock`, which the serving process keeps locked
//! until it ends in whatever way, and `<instance>.json`, which says how to reach it. The lock is the
//! truth; a JSON file without a held lock is what a killed process left behind, and is removed.

use std::{
    collections::BTreeMap,
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

/// How long a stack may take to end itself after SIGTERM before it is killed.
const GRACE: Duration = Duration::from_secs(20);
/// How often a lock that another process holds is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// The stacks that outlive the command that started them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Instance {
    /// What `local up` starts.
    Stack,
    /// What `demo --keep` leaves.
    Demo,
}

impl fmt::Display for Instance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stack => "the local stack",
            Self::Demo => "the kept demo",
        })
    }
}

/// How to reach a stack, as its process wrote it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct State {
    /// The serving process.
    pub(crate) pid: u32,
    /// Where it answers; absent while it is being set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) endpoint: Option<String>,
    /// The account everything is deployed in.
    pub(crate) account: String,
    /// The outputs of every stack deployed, by its name.
    #[serde(default)]
    pub(crate) stacks: BTreeMap<String, BTreeMap<String, String>>,
}

impl State {
    /// Where it answers, once it does.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.as_deref()
    }

    /// Shell lines by which any AWS tool reaches this stack.
    pub(crate) fn environment(&self) -> anyhow::Result<String> {
        let endpoint = self.endpoint().context("the local stack is still being started")?;
        Ok([
            ("AWS_ENDPOINT_URL", endpoint),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", self.account.as_str()),
            ("AWS_SECRET_ACCESS_KEY", "local"),
        ]
        .map(|(name, value)| format!("export {name}={value}"))
        .join("\n"))
    }
}

/// The right to be an instance. The lock is released when this is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Claim {
    directory: PathBuf,
    instance: Instance,
    _lock: File,
}

impl Claim {
    /// Says to everybody how the stack is reached, all at once.
    pub(crate) fn publish(&self, state: &State) -> anyhow::Result<()> {
        let path = self.instance.file(&self.directory, "json");
        let draft = path.with_extension("json.new");
        fs::write(&draft, serde_json::to_vec_pretty(state)?)
            .and_then(|()| fs::rename(&draft, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // Left behind, the file would only be found stale and removed by the next look.
        let _ = fs::remove_file(self.instance.file(&self.directory, "json"));
    }
}

/// Where local stacks keep what they need: the emulator, logs, state.
pub(crate) fn directory() -> PathBuf {
    local_aws::workspace_root().join("target").join("local-aws")
}

impl Instance {
    /// Every instance that may be up.
    pub(crate) const ALL: [Self; 2] = [Self::Stack, Self::Demo];

    fn file(self, directory: &Path, extension: &str) -> PathBuf {
        let stem = match self {
            Self::Stack => "state",
            Self::Demo => "demo",
        };
        directory.join(stem).with_extension(extension)
    }

    /// The state of this instance if it is up. Cleans up after one that was killed.
    pub(crate) fn look(self) -> anyhow::Result<Option<State>> {
        self.look_in(&directory())
    }

    fn look_in(self, directory: &Path) -> anyhow::Result<Option<State>> {
        let path = self.file(directory, "json");
        let Some(_unclaimed) = self.try_lock(directory)? else {
            return match fs::read(&path) {
                Ok(text) => serde_json::from_slice(&text)
                    .map(Some)
                    .with_context(|| format!("{} is not a state file", path.display())),
                // Claimed or released this very moment, and not published (any more).
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
            };
        };
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove the stale {}", path.display()))
            }
            _ => Ok(None),
        }
    }

    /// Becomes this instance, or says who is.
    pub(crate) async fn claim(self) -> anyhow::Result<Claim> {
        self.claim_in(&directory()).await
    }

    async fn claim_in(self, directory: &Path) -> anyhow::Result<Claim> {
        // Someone who merely looks holds the lock for an instant, hence the patience.
        let deadline = Instant::now() + Duration::from_secs(1);
        loop {
            if let Some(lock) = self.try_lock(directory)? {
                return Ok(Claim { directory: directory.to_owned(), instance: self, _lock: lock });
            }
            if Instant::now() >= deadline {
                bail!("{self} is up already; `cargo tablekeeper local down` stops it");
            }
            sleep(LOOK).await;
        }
    }

    /// Ends the instance and waits until it has ended.
    pub(crate) async fn stop(self, state: &State) -> anyhow::Result<()> {
        let pid = Pid::from_raw(i32::try_from(state.pid).context("the state names no usable process")?);
        for (signal, grace) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, GRACE)] {
            // The process may have ended by itself meanwhile; the lock below is what counts.
            let _ = kill(pid, signal);
            let deadline = Instant::now() + grace;
            while Instant::now() < deadline {
                if self.look()?.is_none() && self.try_lock(&directory())?.is_some() {
                    return Ok(());
                }
                sleep(LOOK).await;
            }
        }
        bail!("process {} does not end, not even when killed", state.pid)
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
        }
    }

    #[tokio::test]
    async fn a_claim_is_seen_by_others_until_it_is_dropped() {
        let directory = tempfile::tempdir().unwrap();
        let look = || Instance::Stack.look_in(directory.path()).unwrap();
        assert_eq!(look(), None);

        let claim = Instance::Stack.claim_in(directory.path()).await.unwrap();
        assert_eq!(look(), None, "claimed but not yet published");
        claim.publish(&state()).unwrap();
        assert_eq!(look(), Some(state()));
        let refusal = Instance::Stack.claim_in(directory.path()).await.unwrap_err();
        assert!(refusal.to_string().contains("is up already"), "{refusal}");
        assert!(Instance::Demo.claim_in(directory.path()).await.is_ok(), "instances do not clash");

        drop(claim);
        assert_eq!(look(), None);
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("state.json");
        std::fs::write(&file, serde_json::to_vec(&state()).unwrap()).unwrap();
        assert_eq!(Instance::Stack.look_in(directory.path()).unwrap(), None);
        assert!(!file.exists());
    }

    #[test]
    fn the_environment_can_be_evaluated_by_a_shell() {
        assert_eq!(
            state().environment().unwrap(),
            "export AWS_ENDPOINT_URL=http://127.0.0.1:4580\nexport AWS_REGION=us-east-1\n\
             export AWS_ACCESS_KEY_ID=123456789012\nexport AWS_SECRET_ACCESS_KEY=local"
        );
        let starting = State { endpoint: None, ..state() };
        assert!(starting.environment().is_err());
    }
}
