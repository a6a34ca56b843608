//! The settings that are copied by default are the same in the code and in the template.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

use std::path::Path;

use serde_json::Value;
use tablekeeper_core::settings::SettingName;

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// Returns what the state machine passes as `enabled`: by the name of the setting, `${Parameter}`.
fn enabled() -> Value {
    let machine: Value = serde_json::from_str(&file("statemachines/sync-settings.asl.json")).unwrap();
    let mut states = machine["States"].as_object().unwrap().values();
    let payload = |state: &Value| state.pointer("/Arguments/Payload/enabled").cloned();
    states.find_map(payload).unwrap()
}

/// Returns the default of a parameter: the first `Default:` under its name.
fn default(template: &str, parameter: &str) -> String {
    let (_, below) = template.split_once(&format!("\n  {parameter}:\n    Type: String\n")).unwrap();
    let line = below.lines().find_map(|line| line.strip_prefix("    Default: ")).unwrap();
    line.trim_matches('\'').to_owned()
}

#[test]
fn each_setting_has_a_parameter_with_the_default_of_the_code() {
    let (template, enabled) = (file("infra/sync-settings.yaml"), enabled());
    assert_eq!(enabled.as_object().unwrap().len(), SettingName::ALL.len());
    for name in SettingName::ALL {
        let placeholder = enabled[name.as_str()].as_str().unwrap();
        let parameter = placeholder.trim_start_matches("${").trim_end_matches('}');
        let expected = name.is_on_by_default().to_string();
        assert_eq!(default(&template, parameter), expected, "{parameter}, for {name}");
    }
}
