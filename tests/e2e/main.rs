//! Every workflow end to end on the local stack: through the template that deploys it, the state machine and the functions.
//!
//! What holds of every workflow is in [`checks`], written once; [`of_every_workflow`] makes a test of each for each
//! workflow. What only one workflow does is beside it, in the module of its name. So `rotate_restore::` is all of one
//! workflow, and `::faults` one property of all.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "test code: a broken assumption is a failed test"
)]

mod checks;

/// Makes a test of each property that every workflow has, for the workflow of the module that it stands in.
macro_rules! of_every_workflow {
    ($workflow:ident) => {
        #[tokio::test(flavor = "multi_thread")]
        async fn scenarios() {
            let workflow = tablekeeper_tests::workflows::$workflow::workflow();
            crate::checks::scenarios::end_as_they_say(&workflow).await;
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
