//! Tests `replay` end to end. The tests of `incremental` cover what Lambda itself discards.

crate::of_every_workflow!(replay);
