//! An import in one segment, as the state machines run it.

use serde_json::{Value, json};

use crate::EXECUTION;
use crate::process::{Cost, Step};
use crate::server::Server;

/// Plans an import with the step `plan`, whose output is that of `import-table.plan-import`, and writes its items.
/// Fails unless each of the `items` is written once. Returns the cost of writing them.
pub(crate) fn import(server: &Server, plan: &str, input: &Value, defaults: &Value, items: usize) -> Cost {
    let mut plan = Step::start(plan, server.address);
    let planned =
        plan.invoke(&json!({ "executionArn": EXECUTION, "executionInput": input, "defaults": defaults }));
    plan.end();
    let mut step = Step::start("import-table.import-segment", server.address);
    let (mut cursor, mut count) = (Value::Null, json!(0));
    let mut doubts = json!({ "nulls": 0, "buffers": 0, "arrays": 0, "numbers": 0 });
    loop {
        let response = step
            .invoke(&json!({ "executionArn": EXECUTION, "import": planned["import"], "segment": 0,
            "cursor": cursor, "items": count, "doubts": doubts }));
        (cursor, count) = (response["cursor"].clone(), response["items"].clone());
        doubts = response["doubts"].clone();
        if response["done"] == true {
            break;
        }
    }
    let cost = step.end();
    assert_eq!((server.written(), &count), (items, &json!(items)), "every item was written once");
    cost
}
