//! What may stand behind ATD.

/// The longest number, in characters: modems take lines of 80 and some no longer ones.
const LONGEST: usize = 64;

/// Whether a modem dials this, and nothing else happens: no `;`, which would end the dialling, and no letter that is another
/// command. Blanks, brackets, dots and dashes are for people and left out.
pub fn dial_string(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(|one| !" ()-./".contains(*one)).collect();
    let known = digits.chars().all(|one| one.is_ascii_digit() || "+*#ABCDabcdTPWtpw,@!".contains(one));
    let says = digits.chars().any(|one| one.is_ascii_digit());
    (known && says && digits.len() <= LONGEST).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::dial_string;

    #[test]
    fn only_what_dials_is_dialled() {
        assert_eq!(dial_string("+49 (30) 555-12").as_deref(), Some("+493055512"));
        assert_eq!(dial_string("0,W555@!*70#").as_deref(), Some("0,W555@!*70#"));
        for bad in ["", "T", "555;H0", "555\rATZ", "555&F", "S=1", "L", "12\n3", "12S0=1", "5\u{665}"] {
            assert_eq!(dial_string(bad), None, "{bad:?}");
        }
        assert_eq!(dial_string(&"5".repeat(65)), None);
    }
}
