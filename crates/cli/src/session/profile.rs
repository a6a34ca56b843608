//! The profile of the AWS configuration files that the commands use.

use std::borrow::Cow;

use aws_config::profile::{self, ProfileSet};
use aws_types::os_shim_internal::{Env, Fs};

/// A profile with its keys.
#[derive(Debug)]
pub(super) struct Profile {
    files: ProfileSet,
}

impl Profile {
    /// Reads the profile of this name, or else that of the environment. Returns `None` if the files cannot be read, which
    /// the SDK reports when it needs them.
    pub(super) async fn read(name: Option<&str>) -> Option<Profile> {
        let name = name.map(|name| Cow::Owned(name.to_owned()));
        let files = profile::load(&Fs::real(), &Env::real(), &Default::default(), name).await.ok()?;
        Some(Profile { files })
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        self.files.selected_profile()
    }

    /// Returns whether the files have it.
    pub(super) fn exists(&self) -> bool {
        self.files.get_profile(self.name()).is_some()
    }

    /// Returns the value of a key.
    pub(super) fn get(&self, key: &str) -> Option<String> {
        self.files.get(key).map(str::to_owned)
    }

    /// Returns whether people sign in to it with `aws sso login`.
    pub(super) fn has_sign_in(&self) -> bool {
        ["sso_session", "sso_start_url"].iter().any(|key| self.files.get(key).is_some())
    }
}
