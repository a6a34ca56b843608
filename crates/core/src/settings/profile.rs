//! The role of a sync's target: a replacement of its source, or a copy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use super::SettingName;

/// The role of a target. A replacement gets all settings that are switched on. A copy exists next to a source that
/// stays in use. With the source's triggers, a copy would call production's functions a second time. With the source's
/// Time to Live, it would delete items and send these deletions to the consumers of its stream.
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
    /// A table next to the source.
    Copy,
    /// A table that replaces the source.
    Replacement,
}

/// The reason for skipping a setting that is switched off.
pub const SWITCHED_OFF: &str = "it is switched off";

/// The reason for skipping a setting that acts on other resources.
pub const NOT_FOR_A_COPY: &str =
    "a copy must not act on other resources; to copy it, use the profile replacement or the input's Settings";

impl Profile {
    /// Returns the reason for skipping a setting with this profile, or `None` if the setting is copied.
    pub fn why_off(self, name: SettingName, switched_on: bool) -> Option<&'static str> {
        match self {
            _ if !switched_on => Some(SWITCHED_OFF),
            Profile::Copy if acts_on_others(name) => Some(NOT_FOR_A_COPY),
            Profile::Copy | Profile::Replacement => None,
        }
    }
}

/// Checks whether the setting makes a table act on other resources or on its own items: it calls functions, feeds
/// Kinesis streams, notifies people through alarms, or deletes items.
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
    fn a_copy_gets_only_settings_that_do_not_act_on_others() {
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
