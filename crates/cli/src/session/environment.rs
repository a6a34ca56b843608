//! Checks what the AWS SDK reads itself, from the environment and from the profile. The SDK panics at some wrong values,
//! and takes others for hosts or Regions.

use std::env;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use super::profile::Profile;
use super::{region_name, url};
use crate::config_file::Given;
use crate::failure::Unusable;

/// Begins the names of the variables that AWS tools read.
const AWS: &str = "AWS_";
/// The URL of all calls. A variable that begins with it and names a service is the URL of that service's calls.
const ENDPOINT_URL: &str = "AWS_ENDPOINT_URL";
/// The variables with a Region, and those about retries with the keys of a profile that mean the same.
const REGIONS: [&str; 2] = ["AWS_REGION", "AWS_DEFAULT_REGION"];
const MAX_ATTEMPTS: (&str, &str) = ("AWS_MAX_ATTEMPTS", "max_attempts");
const RETRY_MODE: (&str, &str) = ("AWS_RETRY_MODE", "retry_mode");

/// Returns the value of a variable; `None` if it is empty.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is an edge: it acts where its user's environment says"
)]
pub(crate) fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
}

/// Removes AWS's variables without a value, because the SDK does not treat them as absent as other AWS tools do. A
/// process cannot safely change its environment, so it starts this program anew in its place. Does nothing if that fails.
pub(crate) fn without_empty_variables() {
    let empty: Vec<_> = env::vars_os()
        .filter(|(name, value)| value.is_empty() && name.to_string_lossy().starts_with(AWS))
        .map(|(name, _)| name)
        .collect();
    let Ok(program) = env::current_exe() else { return };
    if empty.is_empty() {
        return;
    }
    let mut command = Command::new(program);
    if let Some(name) = env::args_os().next() {
        command.arg0(name);
    }
    command.args(env::args_os().skip(1));
    for name in empty {
        command.env_remove(name);
    }
    // Returns only if this process could not be replaced.
    let _ = command.exec();
}

/// Checks the variables that the SDK reads.
pub(super) fn check() -> Result<(), Unusable> {
    let text = |name: std::ffi::OsString| name.to_string_lossy().into_owned();
    for name in env::vars_os().map(|(name, _)| text(name)).filter(|name| name.starts_with(ENDPOINT_URL)) {
        checked(variable(&name), &name, |value| url(value).map(drop))?;
    }
    for name in REGIONS {
        checked(variable(name), name, |value| region_name(value).map(drop))?;
    }
    checked(variable(MAX_ATTEMPTS.0), MAX_ATTEMPTS.0, is_number_of_attempts)?;
    checked(variable(RETRY_MODE.0), RETRY_MODE.0, is_retry_mode)
}

/// Checks the keys of the profile that the SDK reads, unless a variable overrides them.
pub(super) fn check_profile(profile: &Profile) -> Result<(), Unusable> {
    let of = |key: &str| format!("{key} of the profile {}", profile.name());
    if variable(MAX_ATTEMPTS.0).is_none() {
        checked(profile.get(MAX_ATTEMPTS.1), &of(MAX_ATTEMPTS.1), is_number_of_attempts)?;
    }
    if variable(RETRY_MODE.0).is_none() {
        checked(profile.get(RETRY_MODE.1), &of(RETRY_MODE.1), is_retry_mode)?;
    }
    if variable(ENDPOINT_URL).is_none() {
        checked(profile.get("endpoint_url"), &of("endpoint_url"), |value| url(value).map(drop))?;
    }
    Ok(())
}

/// Checks a value if there is one. `right` returns what would be right.
fn checked(
    value: Option<String>,
    origin: &str,
    right: impl Fn(&str) -> Result<(), String>,
) -> Result<(), Unusable> {
    let Some(text) = value else { return Ok(()) };
    right(&text).map_err(|right| Given { text, origin: origin.to_owned() }.refused(&right))
}

fn is_number_of_attempts(text: &str) -> Result<(), String> {
    let is_right = text.parse::<u32>().is_ok_and(|number| number > 0);
    is_right.then_some(()).ok_or_else(|| "expected a whole number from 1".to_owned())
}

fn is_retry_mode(text: &str) -> Result<(), String> {
    let is_right = ["standard", "adaptive"].iter().any(|mode| text.trim().eq_ignore_ascii_case(mode));
    is_right.then_some(()).ok_or_else(|| "expected `standard` or `adaptive`".to_owned())
}

/// Returns the variable with the URL of a service's calls, by the service in the name of an IAM action.
pub(super) fn endpoint_variable(service: &str) -> String {
    let id = match service {
        "states" => "SFN".to_owned(),
        "application-autoscaling" => "APPLICATION_AUTO_SCALING".to_owned(),
        service => service.to_uppercase().replace('-', "_"),
    };
    format!("{ENDPOINT_URL}_{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_values_name_their_origin_and_what_would_be_right() {
        let refusal = |text: &str, right: fn(&str) -> Result<(), String>| {
            checked(Some(text.to_owned()), "X", right).map_err(|error| error.0).err()
        };
        assert_eq!(refusal("3", is_number_of_attempts), None);
        assert_eq!(refusal("Adaptive", is_retry_mode), None);
        assert_eq!(
            refusal("0", is_number_of_attempts).as_deref(),
            Some("X is `0`; expected a whole number from 1")
        );
        assert_eq!(
            refusal("legacy", is_retry_mode).as_deref(),
            Some("X is `legacy`; expected `standard` or `adaptive`")
        );
        assert!(checked(None, "X", is_retry_mode).is_ok());
    }

    #[test]
    fn a_service_has_its_variable() {
        assert_eq!(endpoint_variable("dynamodb"), "AWS_ENDPOINT_URL_DYNAMODB");
        assert_eq!(endpoint_variable("states"), "AWS_ENDPOINT_URL_SFN");
    }
}
