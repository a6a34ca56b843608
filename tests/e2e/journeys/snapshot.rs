//! `snapshot` end to end. Beside what every workflow is held to, it is exercised by the tests of the commands.

crate::of_every_workflow!(snapshot);
