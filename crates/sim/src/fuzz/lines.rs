//! LINE words: what is understood shows as itself and is understood again; what is not says what to write.

use openras_service::config::{DialLine, LineError, PortLine};

/// Runs the body.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.parse::<DialLine>() {
        Ok(line) => assert_eq!(line.to_string().parse::<DialLine>().as_ref(), Ok(&line), "{text:?}"),
        Err(error) => helps(text, &error),
    }
    match text.parse::<PortLine>() {
        Ok(line) => {
            assert_eq!(line.to_string().parse::<PortLine>().as_ref(), Ok(&line), "{text:?}");
            let _ = line.crosses_network();
        }
        Err(error) => helps(text, &error),
    }
}

fn helps(text: &str, error: &LineError) {
    assert_eq!(error.given, text);
    assert!(!error.problem.is_empty() && !error.remedy.is_empty());
    assert!(!error.problem.chars().any(char::is_control), "{error:?}");
}
