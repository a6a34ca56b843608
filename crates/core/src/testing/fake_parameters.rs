//! SSM parameters with versions, labels and SSM's limit of versions, for the tests of the pointer.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::fake_aws::{Response, refusal};

/// The number of versions that SSM retains.
const VERSIONS: usize = 100;

/// The versions of each parameter as GetParameterHistory returns them, by name.
#[derive(Clone, Debug, Default)]
pub struct FakeParameters {
    /// The retained versions, the oldest first.
    pub versions: BTreeMap<String, Vec<Value>>,
    /// Inputs of PutParameter that others call right before the next one, the last first.
    pub others_before: Vec<Value>,
    /// Inputs of PutParameter that others call right after the next one, the last first.
    pub others_after: Vec<Value>,
}

impl FakeParameters {
    /// Adds a version that a person wrote.
    pub fn put(&mut self, name: &str, value: &str) {
        let _ = self.respond("PutParameter", &json!({ "Name": name, "Value": value }));
    }

    /// Returns the values of the versions.
    pub fn values(&self, name: &str) -> Vec<String> {
        let versions = self.versions.get(name).into_iter().flatten();
        versions.map(|version| version["Value"].as_str().unwrap().to_owned()).collect()
    }

    /// Returns the number of the version with each label.
    pub fn labels(&self, name: &str) -> BTreeMap<String, i64> {
        let versions = self.versions.get(name).into_iter().flatten();
        let labels = |version: &Value| {
            let number = version["Version"].as_i64().unwrap();
            let labels = version["Labels"].as_array().unwrap().clone();
            labels.into_iter().map(move |label| (label.as_str().unwrap().to_owned(), number))
        };
        versions.flat_map(labels).collect()
    }

    /// Returns the response to a call.
    pub fn respond(&mut self, operation: &str, input: &Value) -> Response {
        if operation != "PutParameter" {
            return self.perform(operation, input);
        }
        if let Some(other) = self.others_before.pop() {
            self.perform(operation, &other);
        }
        let response = self.perform(operation, input);
        if let Some(other) = self.others_after.pop() {
            self.perform(operation, &other);
        }
        response
    }

    fn perform(&mut self, operation: &str, input: &Value) -> Response {
        if operation == "DescribeParameters" {
            let newest = self.versions.values().filter_map(|versions| versions.last());
            let described = newest.map(|version| json!({ "Name": version["Name"], "Type": version["Type"] }));
            return (200, json!({ "Parameters": described.collect::<Vec<_>>() }));
        }
        let name = input["Name"].as_str().unwrap();
        let versions = self.versions.entry(name.to_owned()).or_default();
        let place = versions.iter().position(|version| version["Version"] == input["ParameterVersion"]);
        match (operation, place) {
            ("GetParameterHistory", _) if versions.is_empty() => refusal("ParameterNotFound"),
            ("GetParameterHistory", _) => {
                let start = input["NextToken"].as_str().map_or(0, |token| token.parse().unwrap());
                let page: Vec<_> = versions.iter().skip(start).take(50).collect();
                let next = (start + page.len() < versions.len()).then(|| (start + page.len()).to_string());
                (200, json!({ "Parameters": page, "NextToken": next }))
            }
            ("PutParameter", _) => {
                if versions.len() == VERSIONS {
                    if versions[0]["Labels"].as_array().unwrap().is_empty() {
                        versions.remove(0);
                    } else {
                        return refusal("ParameterMaxVersionLimitExceeded");
                    }
                }
                let number = versions.last().map_or(0, |last| last["Version"].as_i64().unwrap()) + 1;
                versions
                    .push(json!({ "Name": name, "Type": "String", "Value": input["Value"], "Version": number, "Labels": [],
                    "Description": input["Description"], "LastModifiedDate": 1_772_330_405.0 }));
                (200, json!({ "Version": number }))
            }
            (_, None) => refusal("ParameterVersionNotFound"),
            ("LabelParameterVersion", Some(place)) => {
                for version in versions.iter_mut() {
                    without(version, &input["Labels"]);
                }
                let labels = input["Labels"].as_array().unwrap().clone();
                versions[place]["Labels"].as_array_mut().unwrap().extend(labels);
                (200, json!({ "InvalidLabels": [] }))
            }
            ("UnlabelParameterVersion", Some(place)) => {
                without(&mut versions[place], &input["Labels"]);
                (200, json!({ "RemovedLabels": input["Labels"], "InvalidLabels": [] }))
            }
            (other, _) => panic!("{other} is not faked"),
        }
    }
}

fn without(version: &mut Value, labels: &Value) {
    let labels = labels.as_array().unwrap();
    version["Labels"].as_array_mut().unwrap().retain(|label| !labels.contains(label));
}
