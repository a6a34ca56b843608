//! `replay` end to end. What Lambda gives up on its own is in the tests of `incremental`.

crate::of_every_workflow!(replay);
