//! Tests `backfill` end to end. Beyond the common tests, the tests of the commands use it.

crate::of_every_workflow!(backfill);
