//! The inferred type of an expression contains what the expression evaluates to.
//!
//! The test generates random expressions of the typed forms and random values. If inference has no finding for an
//! expression, evaluating it on each of the values has to yield a value of the inferred schema. The evaluator shares no
//! code with the inference.
#![expect(clippy::unwrap_used, reason = "test code: a broken assumption is a failed test")]

mod soundness {
    pub(crate) mod expressions;
    pub(crate) mod values;
}

use contracts::expression::{Scope, Variable, infer_value, parse};
use contracts::shape::Shape;
use jsonata_core::evaluator::{Context, Evaluator};
use jsonata_core::value::JValue;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use serde_json::{Value, json};
use soundness::{expressions, values};

const CASES: u32 = 4_000;

/// The input and a variable of an execution.
#[derive(Clone, Debug)]
struct Sample {
    input: Value,
    variable: Value,
}

#[test]
fn expressions_evaluate_to_values_of_their_inferred_shapes() {
    let dice = (vec(any::<u8>(), 1..80), vec((values::input(), values::any()), 1..4));
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    // Deterministic: every run tests the same expressions.
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let typed = std::cell::Cell::new(0_u32);
    let outcome = runner.run(&dice, |(dice, samples)| {
        let samples: Vec<Sample> =
            samples.into_iter().map(|(input, variable)| Sample { input, variable }).collect();
        let text = expressions::whole(&mut expressions::Dice::new(&dice));
        if holds(&text, &samples, false)? {
            typed.set(typed.get() + 1);
        }
        // By default less is reported, but of what is known just as much is true.
        holds(&text, &samples, true)?;
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(typed.get() > CASES / 8, "only {} of {CASES} expressions could be typed", typed.get());
}

/// Returns whether the expression could be typed. Returns an error if its type is wrong.
fn holds(text: &str, samples: &[Sample], gradual: bool) -> Result<bool, TestCaseError> {
    let expression = parse(text, "").map_err(|refused| TestCaseError::fail(refused.message))?;
    let either = |of: fn(&Sample) -> &Value| {
        samples.iter().fold(Shape::never(), |so_far, sample| so_far.or(Shape::constant(of(sample))))
    };
    let variable = Variable { shape: either(|sample| &sample.variable), certain: true };
    let scope = Scope {
        input: either(|sample| &sample.input),
        context: Shape::constant(&json!({})),
        variables: [("v".to_owned(), variable)].into(),
        gradual,
        ..Scope::default()
    };
    let mut found = Vec::new();
    let shape = infer_value(&expression, &scope, "", &mut found);
    if !found.is_empty() || shape.holds_unknown() {
        return Ok(false);
    }
    let schema = shape.to_schema();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    for sample in samples {
        let mut context = Context::new();
        context.bind("states".to_owned(), JValue::from(json!({ "input": sample.input, "context": {} })));
        context.bind("v".to_owned(), JValue::from(sample.variable.clone()));
        let claim = format!("{text} of {sample:?}, inferred as {schema},");
        let given = match Evaluator::with_context(context).evaluate(&expression, &JValue::Null) {
            Ok(given) if given.is_undefined() => {
                return Err(TestCaseError::fail(format!("{claim} gives nothing")));
            }
            Ok(given) => given.to_json_string().unwrap(),
            // No type rules out errors that depend on the data, such as a division by 0.
            Err(error) if error.code().is_some_and(|code| code.starts_with('D')) => continue,
            Err(error) => return Err(TestCaseError::fail(format!("{claim} fails: {}", error.message()))),
        };
        let given: Value = serde_json::from_str(&given).unwrap();
        if !validator.is_valid(&given) {
            return Err(TestCaseError::fail(format!("{claim} gives {given}")));
        }
    }
    Ok(true)
}
