//! What a target is to its source: its replacement, or a copy beside it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::SettingName;

/// What a target is to its source. A replacement gets all that is switched on. A copy stands beside a source that goes
/// on: with the source's triggers it would call production's functions a second time, with its Time to Live it would
/// delete items of its own, and tell the consumers of its stream of each.
#[derive(
    Clone,
    Copy,
    Debug,
    Deserialize,
    Display,
    EnumString,
    Eq,
    IntoStaticStr,
    JsonSchema,
    PartialEq,
    Serialize,
    VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum Profile {
    /// A table beside the source.
    Copy,
    /// The table that the source's users are to use from now on.
    Replacement,
}

/// Why a setting that nobody switched on is skipped.
pub const SWITCHED_OFF: &str = "it is switched off";

/// Why a setting that acts on others is skipped.
pub const NOT_FOR_A_COPY: &str =
    "a copy does not act on others; the profile replacement carries it over, or the input's Settings";

impl Profile {
    /// Why a setting is skipped for a target of this profile; `None` where it is carried over.
    pub fn why_off(self, name: SettingName, switched_on: bool) -> Option<&'static str> {
        match self {
            _ if !switched_on => Some(SWITCHED_OFF),
            Profile::Copy if acts_on_others(name) => Some(NOT_FOR_A_COPY),
            Profile::Copy | Profile::Replacement => None,
        }
    }
}

/// Whether a table that has this setting acts on what is not part of it: calls functions, feeds Kinesis streams, calls
/// whoever an alarm calls, deletes items without being asked.
fn acts_on_others(name: SettingName) -> bool {
    matches!(
        name,
        SettingName::Alarms
            | SettingName::KinesisDestinations
            | SettingName::LambdaTriggers
            | SettingName::TimeToLive
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_gets_what_does_not_act_on_others_and_a_replacement_all() {
        let off = |profile: Profile| {
            let off = |name: &&SettingName| profile.why_off(**name, true).is_some();
            SettingName::ALL.iter().filter(off).map(|name| name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(off(Profile::Copy), ["KinesisDestinations", "LambdaTriggers", "Alarms", "TimeToLive"]);
        assert_eq!(off(Profile::Replacement), Vec::<&str>::new());
        assert_eq!(Profile::Replacement.why_off(SettingName::Tags, false), Some(SWITCHED_OFF));
        assert_eq!(Profile::Copy.why_off(SettingName::TimeToLive, false), Some(SWITCHED_OFF));
    }
}
