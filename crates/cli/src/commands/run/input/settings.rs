//! Checks the names of the settings in an input of `sync-settings`, which its schema takes as any names.

use contracts::suggestion::closest;
use serde_json::Value;
use tablekeeper_core::settings::SettingName;

/// Refuses a name in `Settings` that is not that of a setting.
pub(super) fn check(workflow: &str, input: &Value) -> Result<(), String> {
    let Some(Value::Object(given)) = input.get("Settings").filter(|_| workflow == "sync-settings") else {
        return Ok(());
    };
    let names: Vec<&str> = SettingName::ALL.iter().map(|name| name.as_str()).collect();
    match given.keys().find(|name| !names.contains(&name.as_str())) {
        None => Ok(()),
        Some(wrong) => Err(match meant(wrong, &names) {
            Some(meant) => format!("unknown field Settings.{wrong} (did you mean Settings.{meant}?)"),
            None => format!("unknown field Settings.{wrong}; the fields are {}", names.join(", ")),
        }),
    }
}

/// Returns the name that was probably meant: the closest one, or the one with these initials, such as TTL.
fn meant<'a>(wrong: &str, names: &[&'a str]) -> Option<&'a str> {
    let initials = |name: &str| name.chars().filter(|letter| letter.is_uppercase()).collect::<String>();
    let abbreviated = names.iter().copied().find(|name| initials(name).eq_ignore_ascii_case(wrong));
    closest(wrong, names.iter().copied()).or(abbreviated)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_unknown_setting_is_named_with_the_one_that_was_meant() {
        let of = |name: &str| {
            check("sync-settings", &json!({ "Target": "copy", "Settings": { name: true } })).err()
        };
        assert_eq!(of("TimeToLive"), None);
        for (wrong, meant) in
            [("TTL", "TimeToLive"), ("pitr", "PointInTimeRecovery"), ("Tag", "Tags"), ("alarms", "Alarms")]
        {
            let expected = format!("unknown field Settings.{wrong} (did you mean Settings.{meant}?)");
            assert_eq!(of(wrong), Some(expected));
        }
        let listed = of("Elephants").unwrap();
        assert!(listed.starts_with("unknown field Settings.Elephants; the fields are Tags, "), "{listed}");
        assert_eq!(check("export-table", &json!({ "Settings": { "x": 1 } })), Ok(()));
    }
}
