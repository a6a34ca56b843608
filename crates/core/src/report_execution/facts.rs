//! The facts of a report that only this project knows: tables, the SSM parameter, the verification, the settings.

use execution_report::{Execution, Fact};
use serde_json::Value;

use super::tables;
use crate::aws::console;
use crate::restore_test::result::Verification;
use crate::text::cut;

/// Longest value of a fact.
const LONGEST: usize = 1_000;

/// Returns the facts of an execution. `links` says whether they have links to the AWS console.
pub fn facts(execution: &Execution, links: bool) -> Vec<Fact> {
    let link = |address: Option<String>| address.filter(|_| links);
    let output = execution.output.as_ref();
    let mut facts = Vec::new();
    if let Some(address) = link(console::execution(&execution.arn)) {
        facts.push(Fact {
            name: "In the console".to_owned(),
            value: "Step Functions".to_owned(),
            link: Some(address),
        });
    }
    let tables = tables::tables(output.into_iter().chain([&execution.input]), &execution.arn);
    facts.extend(tables.iter().map(|arn| Fact {
        name: "Table".to_owned(),
        value: tables::name(arn).to_owned(),
        link: link(console::table(arn)),
    }));
    let Some(output) = output else { return facts };
    facts.extend(parameter(output).map(|value| fact("SSM parameter", value)));
    facts.extend(verification(output).map(|value| fact("Verification", value)));
    facts.extend(settings(output));
    facts
}

fn fact(name: &str, value: String) -> Fact {
    Fact { name: name.to_owned(), value: cut(value, LONGEST), link: None }
}

/// Returns the parameter and the table that it names now.
fn parameter(output: &Value) -> Option<String> {
    let of_rotation = output.get("UpdateSSMParameterOutput").filter(|pointer| !pointer.is_null());
    let pointer = of_rotation.unwrap_or(output);
    let (name, value) = (text(pointer, "/Name")?, text(pointer, "/Value")?);
    Some(format!("{name}: {}", tables::name(value)))
}

/// Returns what a verification found.
fn verification(output: &Value) -> Option<String> {
    if let Some(finding) = text(output, "/Evidence/Verification/Finding") {
        return Some(finding.to_owned());
    }
    let own = [output.get("VerifyTableOutput"), Some(output)].into_iter().flatten();
    let verified = own.into_iter().find(|output| output.get("Strength").is_some())?;
    Some(Verification::from_output(verified.clone()).finding)
}

/// Returns the settings that are not equal, or were made equal.
fn settings(output: &Value) -> Vec<Fact> {
    let report = output.get("SyncSettingsOutput").filter(|report| !report.is_null()).unwrap_or(output);
    let settings = report.get("Settings").and_then(Value::as_array).into_iter().flatten();
    let of = |setting: &Value| {
        let (name, outcome) = (text(setting, "/Setting")?, text(setting, "/Outcome")?);
        let changes = setting.get("Changes").and_then(Value::as_array).into_iter().flatten();
        let what: Vec<&str> = changes.filter_map(Value::as_str).chain(text(setting, "/Reason")).collect();
        let what = if what.is_empty() { String::new() } else { format!(": {}", what.join("; ")) };
        (outcome != "UNCHANGED").then(|| fact(&format!("Setting {name}"), format!("{outcome}{what}")))
    };
    settings.filter_map(of).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::report_execution::ended::tests::{TABLE, execution};

    fn shown(output: Value, links: bool) -> Vec<String> {
        let of = Execution { output: Some(output), ..execution() };
        let facts = facts(&of, links).into_iter();
        facts.map(|fact| format!("{}: {} {}", fact.name, fact.value, fact.link.unwrap_or_default())).collect()
    }

    #[test]
    fn a_rotation_has_its_tables_parameter_verification_and_settings() {
        let output = json!({
            "DescribeTableOutput": { "Table": { "TableName": "orders-copy" } },
            "UpdateSSMParameterOutput": { "Name": "/p", "Value": format!("{TABLE}/orders-copy") },
            "VerifyTableOutput": { "Strength": "SAMPLED", "Against": "table orders", "Sampled": 5, "Equal": 5,
                "Report": "s3://b/r", "Notes": [] },
            "SyncSettingsOutput": { "Settings": [
                { "Setting": "Tags", "Outcome": "APPLIED", "Changes": ["add team"], "Notes": [], "Reason": null },
                { "Setting": "Stream", "Outcome": "UNCHANGED", "Changes": [], "Notes": [], "Reason": null },
                { "Setting": "Alarms", "Outcome": "SKIPPED", "Changes": [], "Notes": [], "Reason": "off" } ] } });
        let facts = shown(output, false);
        let start = |at: usize, text: &str| assert!(facts[at].starts_with(text), "{facts:?}");
        start(0, "Table: orders-copy ");
        start(1, "Table: orders ");
        start(2, "SSM parameter: /p: orders-copy ");
        start(3, "Verification: SAMPLED against table orders");
        start(4, "Setting Tags: APPLIED: add team ");
        start(5, "Setting Alarms: SKIPPED: off ");
        assert_eq!(facts.len(), 6);
    }

    #[test]
    fn links_lead_to_the_console() {
        let facts = shown(json!({}), true);
        assert!(facts[0].contains("#/v2/executions/details/arn:aws:states:"), "{facts:?}");
        assert!(facts[1].ends_with("#table?name=orders"), "{facts:?}");
    }
}
