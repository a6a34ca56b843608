//! Tests of every workflow end to end on the local stack: through its template, its state machine and its functions.
//!
//! The properties of all workflows are in [`checks`] and written once. [`of_every_workflow`] makes a test of each
//! property for each workflow. Tests of one workflow alone are in the module of its name. So `rotate_restore::` selects
//! all tests of one workflow, and `::faults` one property of all workflows.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod checks;

/// Makes a test of each property of all workflows, for the workflow that the enclosing module is named after.
macro_rules! of_every_workflow {
    ($workflow:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn scenarios() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::scenarios::end_as_specified(&workflow).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn faults() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::faults::are_survived_or_named(&workflow).await;
        }

        #[tokio::test(flavor = "multi_thread")]
        async fn repeated_steps() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::repeated_steps::change_nothing(&workflow).await;
        }

        #[test]
        fn contract() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::contract::holds(&workflow);
        }

        #[test]
        fn mutants() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::mutants::are_refused(&workflow);
        }
    };
}
pub(crate) use of_every_workflow;

mod journeys;
