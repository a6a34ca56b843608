//! Tests `verify-table` end to end. Beyond the common tests, the unit tests of its steps damage a table in every way.

crate::of_every_workflow!(verify_table);
