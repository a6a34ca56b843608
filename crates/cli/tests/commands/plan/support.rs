//! An account of the local stack with a table, and plans for it.

use std::ops::Deref;

use crate::shell::{CommandOutput, Shell};

/// An account with a table `orders`.
pub(crate) struct Account(Shell);

impl Deref for Account {
    type Target = Shell;

    fn deref(&self) -> &Shell {
        &self.0
    }
}

impl Account {
    pub(crate) async fn with_table(name: &'static str) -> Account {
        let shell = Shell::new(name).await;
        shell.create("orders", "id", false).await;
        Account(shell)
    }

    /// Runs `tablekeeper plan <workflow>` in this account.
    pub(crate) async fn plan_of(&self, workflow: &str, region: &str, arguments: &[&str]) -> CommandOutput {
        let mut command = self.command(&[&["plan", workflow], arguments].concat()).await;
        CommandOutput::from_output(command.env("AWS_REGION", region).output().await.unwrap())
    }
}
