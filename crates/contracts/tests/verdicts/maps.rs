//! Maps: their items, distributed ones, and the results of Parallel.

use serde_json::{Value, json};

use super::harness::{SILENT, Schemas, assert_machines, object};

fn input() -> Value {
    let row = object(json!({ "id": { "type": "integer" } }));
    object(json!({
        "rows": { "type": "array", "items": row, "maxItems": 9 },
        "prices": { "type": "object", "additionalProperties": { "type": "number" } },
        "name": { "type": "string" }, "bucket": { "type": "string" },
    }))
}

/// Returns a machine that assigns `outer` and runs a Map over the rows, with more fields of the Map, the output of each
/// iteration, and the output of the Map.
fn map(more: Value, mode: Option<&str>, inner: &str, output: &str) -> Value {
    let inner = json!({ "Type": "Pass", "Output": inner, "End": true });
    let mut processor = json!({ "StartAt": "Inner", "States": { "Inner": inner } });
    if let Some(mode) = mode {
        processor["ProcessorConfig"] = json!({ "Mode": mode, "ExecutionType": "STANDARD" });
    }
    let mut state = json!({ "Type": "Map", "Items": "{% $states.input.rows %}", "ItemProcessor": processor,
        "Output": output, "End": true });
    for (name, value) in more.as_object().unwrap() {
        match value {
            Value::Null => state.as_object_mut().unwrap().remove(name),
            value => state.as_object_mut().unwrap().insert(name.clone(), value.clone()),
        };
    }
    json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 9, "StartAt": "Before", "States": {
        "Before": { "Type": "Pass", "Assign": { "outer": 1 }, "Next": "Each" }, "Each": state } })
}

const DISTRIBUTED: Option<&str> = Some("DISTRIBUTED");
const NEVER: &[&str] = &["error UNKNOWN_FIELD"];
const REFUSED: &[&str] = &["error SCHEMA_VALIDATION_FAILED"];

#[test]
fn a_map_runs_over_arrays_and_objects() {
    let items = |items: Value, inner: &str| map(json!({ "Items": items }), None, inner, "done");
    let context = "$states.context.Map.Item";
    assert_machines(
        [
            ("an array", items(json!("{% $states.input.rows %}"), "{% $states.input.id %}"), SILENT),
            (
                "an object",
                items(json!({ "a": 1 }), &format!("{{% {context}.Key & {context}.Value %}}")),
                SILENT,
            ),
            (
                "by an expression",
                items(json!("{% $states.input.prices %}"), &format!("{{% {context}.Key %}}")),
                SILENT,
            ),
            ("the source", items(json!([1]), &format!("{{% {context}.Source %}}")), SILENT),
            ("an item of an array has no key", items(json!([1]), &format!("{{% {context}.Key %}}")), NEVER),
            ("text", items(json!("{% $states.input.name %}"), "x"), &["error NOT_AN_ARRAY"]),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn an_execution_of_its_own_has_its_own_variables() {
    let reads = |mode| map(json!({}), mode, "{% $outer %}", "done");
    let selected = map(
        json!({ "ItemSelector": { "id": "{% $states.context.Map.Item.Value.id %}", "outer": "{% $outer %}" } }),
        DISTRIBUTED,
        "{% $states.input.outer %}",
        "done",
    );
    assert_machines(
        [
            ("inline", reads(None), SILENT),
            ("inline by name", reads(Some("INLINE")), SILENT),
            ("distributed", reads(DISTRIBUTED), &["error UNASSIGNED_VARIABLE"]),
            ("passed in", selected, SILENT),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn batches_and_written_results_have_their_form() {
    let batch = json!({ "ItemBatcher": { "MaxItemsPerBatch": 5, "BatchInput": { "bucket": "{% $states.input.bucket %}" } } });
    let batched = |inner: &str| map(batch.clone(), DISTRIBUTED, inner, "done");
    let writer = json!({ "ResultWriter": { "Resource": "arn:aws:states:::s3:putObject",
        "Arguments": { "Bucket": "{% $states.input.bucket %}", "Prefix": "out" } } });
    let written = |output: &str| map(writer.clone(), DISTRIBUTED, "x", output);
    assert_machines(
        [
            ("the items", batched("{% $states.input.Items[0].id %}"), SILENT),
            ("the input of the batch", batched("{% $states.input.BatchInput.bucket %}"), SILENT),
            ("another input", batched("{% $states.input.BatchInput.buckt %}"), NEVER),
            ("an item itself", batched("{% $states.input.id %}"), NEVER),
            (
                "where they are",
                written("{% $states.result.ResultWriterDetails.Key & $states.result.MapRunArn %}"),
                SILENT,
            ),
            ("the results themselves", written("{% $states.result.id %}"), NEVER),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn readers_read_what_is_in_their_files() {
    let reader = |action: &str, config: Value, inner: &str| {
        let reader = json!({ "Resource": format!("arn:aws:states:::s3:{action}"), "ReaderConfig": config,
            "Arguments": { "Bucket": "{% $states.input.bucket %}" } });
        map(json!({ "Items": null, "ItemReader": reader }), DISTRIBUTED, inner, "done")
    };
    let csv = json!({ "InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW" });
    let given = json!({ "InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["sku", "price"] });
    let list = json!({ "MaxItems": 100 });
    let json = json!({ "InputType": "JSON" });
    assert_machines(
        [
            ("JSON", reader("getObject", json, "{% $states.input.a.b + 1 %}"), SILENT),
            ("a column", reader("getObject", csv.clone(), "{% $uppercase($states.input.sku) %}"), SILENT),
            (
                "a column is text",
                reader("getObject", given.clone(), "{% $states.input.price + 1 %}"),
                &["error WRONG_ARGUMENT"],
            ),
            (
                "a given column",
                reader("getObject", given.clone(), "{% $number($states.input.price) %}"),
                SILENT,
            ),
            ("no given column", reader("getObject", given, "{% $states.input.prize %}"), NEVER),
            (
                "an object of S3",
                reader("listObjectsV2", list.clone(), "{% $states.input.Key & $states.input.Size %}"),
                SILENT,
            ),
            ("a misspelt field of it", reader("listObjectsV2", list, "{% $states.input.key %}"), NEVER),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn the_fields_of_a_distributed_map_are_checked() {
    let with = |more: Value| map(more, DISTRIBUTED, "x", "done");
    let config = |config: Value| {
        let mut machine = with(json!({}));
        machine["States"]["Each"]["ItemProcessor"]["ProcessorConfig"] = config;
        machine
    };
    let reader = |reader: Value| with(json!({ "Items": null, "ItemReader": reader }));
    let get = "arn:aws:states:::s3:getObject";
    assert_machines(
        [
            ("a mode", config(json!({ "Mode": "PARALLEL" })), REFUSED),
            ("a misspelt mode", config(json!({ "Mode": "DISTRIBUTE", "ExecutionType": "EXPRESS" })), REFUSED),
            ("no type", config(json!({ "Mode": "DISTRIBUTED" })), REFUSED),
            ("another member", config(json!({ "Mode": "INLINE", "Type": "x" })), REFUSED),
            ("inline", config(json!({ "Mode": "INLINE" })), SILENT),
            (
                "Parameters of JSONPath",
                reader(json!({ "Resource": get, "Parameters": { "Bucket": "b" } })),
                REFUSED,
            ),
            (
                "a misspelt action",
                reader(json!({ "Resource": "arn:aws:states:::s3:getObjekt", "Arguments": {} })),
                REFUSED,
            ),
            (
                "a reader",
                reader(json!({ "Resource": get, "Arguments": { "Bucket": "b", "Key": "k" } })),
                SILENT,
            ),
            ("151 percent", with(json!({ "ToleratedFailurePercentage": 151 })), REFUSED),
            ("12.5 percent", with(json!({ "ToleratedFailurePercentage": 12.5 })), SILENT),
            ("a long label", with(json!({ "Label": "l".repeat(41) })), REFUSED),
            ("a label", with(json!({ "Label": "l".repeat(40) })), SILENT),
            (
                "batches inline",
                map(json!({ "ItemBatcher": { "MaxItemsPerBatch": 5 } }), None, "x", "done"),
                &["warning SCHEMA_VALIDATION_FAILED"],
            ),
        ],
        &Schemas::default(),
        Some(&input()),
    );
}

#[test]
fn each_branch_has_its_own_result() {
    let parallel = |output: &str| {
        let branch = |name: &str, output: Value| json!({ "StartAt": name, "States": { name: { "Type": "Pass", "Output": output, "End": true } } });
        json!({ "QueryLanguage": "JSONata", "TimeoutSeconds": 9, "StartAt": "Both", "States": { "Both": {
            "Type": "Parallel", "Branches": [branch("One", json!({ "x": 1 })), branch("Two", json!({ "y": "b" }))],
            "Output": output, "End": true } } })
    };
    assert_machines(
        [
            ("of the first", parallel("{% $states.result[0].x + 1 %}"), SILENT),
            ("of the last", parallel("{% $uppercase($states.result[-1].y) %}"), SILENT),
            ("of the other", parallel("{% $states.result[1].x %}"), NEVER),
            ("of a third", parallel("{% $states.result[2].x %}"), NEVER),
            ("of all", parallel("{% $merge($states.result).y %}"), SILENT),
        ],
        &Schemas::default(),
        None,
    );
}
