//! JSONPath: what paths and calls are, and what is found in states that have them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod jsonpath {
    mod harness;
    mod mixed;
    mod queries;
    mod rules;
    mod states;
}
