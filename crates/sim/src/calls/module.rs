//! A security module that asks for one code.

use std::time::Duration;

use openras_engine::server::dialog::{AskLine, DialogCommand, DialogOutput, DialogVerdict, Echo};

/// Asks one question; the right answer is the user's.
#[derive(Clone, Debug)]
pub struct CodeModule {
    /// Whom the code belongs to.
    pub user: String,
    /// The right code.
    pub code: String,
}

impl CodeModule {
    /// What it asks, when its dialog begins.
    pub(super) fn begin() -> DialogCommand {
        DialogCommand::Ask(AskLine {
            prompt: "Code: ".to_owned(),
            echo: Echo::Mask,
            max: 32,
            timeout: Some(Duration::from_secs(60)),
        })
    }

    /// What it says to what it hears, if anything.
    pub(super) fn hear(&self, output: &DialogOutput) -> Option<DialogCommand> {
        let (user, domain) = (self.user.clone(), String::new());
        Some(DialogCommand::Complete(match output {
            DialogOutput::Line(line) if line.expose() == self.code.as_bytes() => {
                DialogVerdict::Success { user, domain }
            }
            DialogOutput::Line(_) | DialogOutput::TimedOut => DialogVerdict::Failure { user, domain },
            DialogOutput::Refused(code) => DialogVerdict::Error { code: *code, text: "refused".to_owned() },
            DialogOutput::Received(_) | DialogOutput::End => return None,
        }))
    }
}
