//! A request's JSON, which may hold a password: it is written once, into memory that is wiped when it was sent.

use std::io::{self, Write};

use bytes::Bytes;
use openras_engine::RasError;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Problem;

/// Writes JSON. A first pass counts, so that no buffer grows and leaves a copy behind.
pub(super) fn json<T: Serialize>(value: &T) -> Result<Bytes, Problem> {
    let wrong = |error: serde_json::Error| {
        Problem::new(RasError::INVALID_PARAMETER, format!("This cannot be sent to the service: {error}."))
            .remedy("Passwords and names must be UTF-8.")
    };
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_err(wrong)?;
    let mut text = Zeroizing::new(Vec::with_capacity(count.0));
    serde_json::to_writer(&mut *text, value).map_err(wrong)?;
    Ok(Bytes::from_owner(text))
}

struct Count(usize);

impl Write for Count {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0 += text.len();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::connection::Dial;
    use crate::types::secret::SecretText;
    use openras_ppp::Secret;

    #[test]
    fn a_password_arrives_as_it_is() {
        let mut dial = Dial::new("tcp:127.0.0.1:1");
        dial.password = Secret::from("pä\"ss\u{1}").into();
        let text = json(&dial).unwrap();
        let back: Dial = serde_json::from_slice(&text).unwrap();
        assert_eq!(back.password, dial.password);
    }

    #[test]
    fn a_password_that_is_no_utf8_is_refused_and_not_shown() {
        let mut dial = Dial::new("tcp:127.0.0.1:1");
        dial.password = SecretText(Secret::new(b"hunter2\xff".to_vec()));
        let problem = json(&dial).unwrap_err();
        assert_eq!(problem.error, 87);
        assert!(!problem.to_string().contains("hunter2"), "{problem}");
    }
}
