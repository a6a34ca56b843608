//! A type checker for state machines that runs before they deploy.
//!
//! When a definition is deployed, Step Functions checks only its form. Whether one state produces what the next one
//! reads shows only when an execution gets there: a field that was renamed in a function, an error that nothing
//! catches, a variable that one path does not assign. The definition and the schemas of the functions have all of this
//! information, so it can be found before anything runs.
//!
//! [`check`] takes a definition in JSONata, JSONPath or both, and
//! - the schemas behind its names ([`contract::Contracts`]),
//! - optionally the schema of the execution's input,
//! - optionally the template that deploys it ([`template::Template`]),
//!
//! and returns a [`Report`]. There are two kinds of checks. The checks that need no types (`checks`) each cover one
//! topic. The inference ([`flow`]) walks the states as an execution would. For each state it computes the possible
//! values of the input and the variables ([`shape`]). It types every expression ([`expression`]) and compares what a
//! task passes with what its function accepts. The inference is sound: it reports what it cannot type, unless the
//! state's `Comment` has [`UNTYPED`], and those states are counted. The data of JSONPath states is not typed, but their
//! paths and templates are read ([`jsonpath`]).
//!
//! This crate knows nothing of any one project: it reads no directory and assumes no name.

pub mod contract;
pub mod diagnostic;
pub mod document;
pub mod expression;
pub mod flow;
pub mod jsonpath;
pub mod machine;
pub mod render;
pub mod schema;
pub mod severity;
pub mod shape;
pub mod suggestion;
pub mod template;

mod checks;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

pub use checks::time::BOUNDED;
use contract::Contracts;
use diagnostic::{Code, Diagnostic};
use document::Document;
use machine::{Language, Machine};
use severity::{Options, Severity};
use template::Template;

/// The text in a state's `Comment` that allows expressions in the state that cannot be typed.
pub const UNTYPED: &str = "contracts:untyped";

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The findings, in the order of the definition.
    pub diagnostics: Vec<Diagnostic>,
    /// The possible values at each state, by the state's pointer.
    pub states: BTreeMap<String, StateShapes>,
    /// Number of states that have [`UNTYPED`] or [`BOUNDED`] in their `Comment`.
    pub annotated: usize,
    /// Schemas that cannot be used, each as a sentence that says why. If there are any, the findings say less than they
    /// should: report it as a file that cannot be used.
    pub unusable: Vec<String>,
}

/// The possible values at a state, as JSON Schemas.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct StateShapes {
    /// The state's input.
    pub input: Value,
    /// The variables that may be assigned at the state, by name.
    pub variables: BTreeMap<String, Value>,
    /// The payload that a task passes to its function. `None` for states that are not tasks.
    pub payload: Option<Value>,
}

/// Checks a definition with the default [`Options`]. Use [`Checker::new`] for others.
///
/// Without `input` an execution may start with any value. Without `output` it may end with any value. Without
/// `template` placeholders are not checked.
pub fn check(
    document: &Document,
    contracts: &dyn Contracts,
    input: Option<&Value>,
    output: Option<&Value>,
    template: Option<&Template>,
) -> Report {
    Checker::default().check(document, contracts, input, output, template)
}

/// A checker for definitions that differ in few places. It reuses the findings of a state if the state, its inputs and
/// its contracts are the same. Use [`check`] for a single definition.
#[derive(Debug, Default)]
pub struct Checker {
    options: Options,
    visits: flow::Visits,
}

impl Checker {
    /// Creates a checker with these options. [`Checker::default`] has the default ones.
    pub fn new(options: Options) -> Checker {
        Checker { options, visits: flow::Visits::default() }
    }

    /// Checks a definition as [`check`] does.
    pub fn check(
        &self,
        document: &Document,
        contracts: &dyn Contracts,
        input: Option<&Value>,
        output: Option<&Value>,
        template: Option<&Template>,
    ) -> Report {
        check_from(document, contracts, (input, output), template, (self.options, &self.visits)).0
    }

    /// Checks a definition as [`check`] does and stores the findings of its states, replacing those stored before.
    pub fn check_and_keep(
        &mut self,
        document: &Document,
        contracts: &dyn Contracts,
        input: Option<&Value>,
        output: Option<&Value>,
        template: Option<&Template>,
    ) -> Report {
        let (report, visits) = check_from(
            document,
            contracts,
            (input, output),
            template,
            (self.options, &flow::Visits::default()),
        );
        self.visits = visits;
        report
    }
}

fn check_from(
    document: &Document,
    contracts: &dyn Contracts,
    execution: (Option<&Value>, Option<&Value>),
    template: Option<&Template>,
    (options, earlier): (Options, &flow::Visits),
) -> (Report, flow::Visits) {
    let mut report = Report { diagnostics: checks::structure::repeated(document), ..Report::default() };
    let Some(machine) = Machine::parse(document.value()) else {
        let message = "a definition is a JSON object with StartAt and States";
        report.diagnostics.push(Diagnostic::new(Code::SchemaValidationFailed, "", message));
        return (report, flow::Visits::default());
    };

    let found = &mut report.diagnostics;
    found.extend(checks::language::check(&machine));
    found.extend(checks::structure::names(&machine));
    found.extend(checks::time::machine(&machine));
    for machine in machine.with_nested() {
        found.extend(checks::fields::machine(&machine));
        found.extend(checks::structure::graph(&machine));
        found.extend(checks::time::loops(&machine, options.strict));
        for state in machine.states() {
            found.extend(checks::fields::state(&state));
            found.extend(checks::assign::state(&state));
            found.extend(checks::rules::check(&state));
            found.extend(checks::time::state(&state));
            if state.language() == Language::JsonPath {
                found.extend(checks::jsonpath::state(&state));
                continue;
            }
            found.extend(checks::map::state(&state));
            found.extend(checks::text::state(&state));
            if options.local_engine {
                found.extend(checks::dialect::state(&state));
                found.extend(checks::dialect::branches(&state));
            }
        }
    }
    found.extend(checks::errors::check(&machine, contracts));
    if let Some(template) = template {
        found.extend(checks::deployment::check(&machine, contracts, template));
    }
    let visits = infer(&machine, contracts, execution, (options, earlier), &mut report);

    let states = machine.with_nested();
    let annotated = states
        .iter()
        .flat_map(Machine::states)
        .filter(|state| is_untyped(state.value.get("Comment")) || checks::time::is_vouched_for(state));
    report.annotated = annotated.count();
    if options.strict {
        for finding in &mut report.diagnostics {
            finding.severity = Severity::Error;
        }
    }
    report.diagnostics.sort_by(|one, other| {
        let key = |finding: &Diagnostic| {
            (document.position(&finding.pointer), finding.code, finding.pointer.clone())
        };
        key(one).cmp(&key(other)).then_with(|| one.message.cmp(&other.message))
    });
    report.diagnostics.dedup();
    (report, visits)
}

/// Checks a sample against the schema that its name refers to. The pointers lead into the sample.
pub fn check_sample(sample: &Document, schema: &Value, schema_name: &str) -> Vec<Diagnostic> {
    checks::samples::check(sample, schema, schema_name)
}

/// Returns the finding that the schema of a sample does not exist.
pub fn sample_without_schema(schema_name: &str) -> Diagnostic {
    checks::samples::without_schema(schema_name)
}

/// Walks the machine and reports what was inferred. An annotated state may have expressions that cannot be typed.
fn infer(
    machine: &Machine<'_>,
    contracts: &dyn Contracts,
    execution: (Option<&Value>, Option<&Value>),
    (options, earlier): (Options, &flow::Visits),
    report: &mut Report,
) -> flow::Visits {
    let (inference, visits) = flow::infer(machine, contracts, execution, !options.strict, earlier);
    report.unusable = inference.unusable.iter().cloned().collect();
    let all = machine.with_nested();
    let states: Vec<machine::State<'_>> = all.iter().flat_map(Machine::states).collect();
    // The annotation of a Map does not apply to the states in it: the innermost state decides.
    let innermost = |pointer: &str| {
        let around =
            |state: &&machine::State<'_>| format!("{pointer}/").starts_with(&format!("{}/", state.pointer));
        states.iter().filter(around).max_by_key(|state| state.pointer.len())
    };
    let excused = |finding: &Diagnostic| {
        matches!(finding.code, Code::UntypedExpression | Code::UnknownTask)
            && innermost(&finding.pointer).is_some_and(|state| is_untyped(state.field("Comment")))
    };
    report.diagnostics.extend(inference.diagnostics.into_iter().filter(|finding| !excused(finding)));
    report.states = inference
        .states
        .into_iter()
        .map(|(pointer, at)| {
            let variables = at.environment.variables.iter();
            let shapes = StateShapes {
                input: at.environment.input.to_schema(),
                variables: variables
                    .map(|(name, variable)| (name.clone(), variable.shape.to_schema()))
                    .collect(),
                payload: at.payload.map(|payload| payload.to_schema()),
            };
            (pointer, shapes)
        })
        .collect();
    visits
}

fn is_untyped(comment: Option<&Value>) -> bool {
    comment.and_then(Value::as_str).is_some_and(|comment| comment.contains(UNTYPED))
}
