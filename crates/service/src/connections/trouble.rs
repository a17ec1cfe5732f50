//! Why the line of a dial could not be opened, in the words of whoever tried: the number alone says neither which group has the
//! right to a device nor which program has it.

use std::sync::{Arc, Mutex, PoisonError};

use openras_api::types::event::Ended;
use openras_api::types::problem::Problem;

/// What is wrong with the device or modem of a dial's line; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    /// Remembers a sentence that says what, and what to try; `None` when it is well again.
    pub(super) fn set(&self, sentence: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sentence;
    }

    /// Puts what is known in the place of what the number alone says, in the end of a dial whose line could not be opened.
    pub(super) fn explain(&self, ended: &mut Ended, line: &str) {
        let sentence = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (Some(sentence), Some(error)) = (sentence, &ended.error) else { return };
        let general = Problem::number(error).sentence();
        if !general.is_empty() && ended.why.ends_with(&general) {
            ended.why = ended.why.replace(&general, &sentence);
            ended.remedy =
                format!("Do that, and dial again. `openras line test {line}` tries the device alone.");
        }
    }
}

#[cfg(test)]
mod tests {
    use openras_engine::RasError;

    use super::*;

    #[test]
    fn what_the_device_said_goes_before_what_its_number_says() {
        let error = RasError(633);
        let ended = |why: String| Ended {
            connected: false,
            error: Some(Problem::from(error)),
            why,
            remedy: error.remedy().to_owned(),
            packet: None,
        };
        let trouble = Trouble::default();
        let mut end = ended(format!("serial:/dev/ttyS0 could not be opened: {}", error.sentence()));
        let before = end.clone();
        trouble.explain(&mut end, "serial:/dev/ttyS0");
        assert_eq!(end, before, "nothing was said");
        trouble.set(Some("It is used by process 7: end that.".into()));
        trouble.clone().explain(&mut end, "serial:/dev/ttyS0");
        assert_eq!(end.why, "serial:/dev/ttyS0 could not be opened: It is used by process 7: end that.");
        assert!(end.remedy.contains("openras line test serial:/dev/ttyS0"), "{}", end.remedy);
        // an end that had another reason keeps it
        trouble.set(Some("It was unplugged.".into()));
        let mut end = ended("The call was hung up.".into());
        let before = end.clone();
        trouble.explain(&mut end, "serial:/dev/ttyS0");
        assert_eq!(end, before);
    }
}
