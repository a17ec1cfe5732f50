//! A sentence for every number of raserror.h and winerror.h.

use openras_engine::RasError;

/// HRESULTs that carry a number of winerror.h begin with this.
const OF_WIN32: u32 = 0x8007_0000;

/// What a number means.
pub(crate) fn sentence(error: RasError) -> String {
    let number = if error.0 & 0xFFFF_0000 == OF_WIN32 { error.0 & 0xFFFF } else { error.0 };
    let ours = SENTENCES.binary_search_by_key(&number, |row| row.0).ok().and_then(|at| SENTENCES.get(at));
    match ours {
        Some((_, sentence)) => (*sentence).to_owned(),
        None if RasError(number).name().is_some() => RasError(number).sentence(),
        None => format!("There is no sentence for error {}.", error.0),
    }
}

/// Those that are no numbers of RAS, in ascending order.
const SENTENCES: &[(u32, &str)] = &[
    (0, "It worked."),
    (1, "There is no such function."),
    (2, "The file was not found."),
    (3, "The folder was not found."),
    (4, "The program has too many open files."),
    (5, "The right for this is missing."),
    (6, "The handle is not known, or what it stood for is over."),
    (8, "There is not enough memory."),
    (10, "The environment is not valid."),
    (11, "The format is not valid."),
    (12, "The access code is not valid."),
    (13, "The data are not valid."),
    (14, "There is not enough memory."),
    (18, "There are no more files."),
    (19, "The medium is write-protected."),
    (21, "The device is not ready."),
    (24, "The length is wrong."),
    (29, "The device cannot be written."),
    (30, "The device cannot be read."),
    (31, "A device does not work."),
    (32, "Another program uses the file."),
    (33, "Another program has locked a part of the file."),
    (38, "The end of the file was reached."),
    (50, "This is not supported."),
    (53, "The machine was not found in the network, or it is not this one."),
    (54, "The network is busy."),
    (55, "There is no such port or device."),
    (80, "The file exists already."),
    (86, "The password is wrong."),
    (87, "A parameter is missing, wrong, or does not fit the others."),
    (89, "No further process can be started."),
    (109, "The other end of the pipe is closed."),
    (110, "The file or device cannot be opened."),
    (111, "The text is too long for its place."),
    (112, "The disk is full."),
    (120, "The function exists by name only: nothing stands behind it here."),
    (121, "The time to wait for it is over."),
    (122, "The buffer is too small."),
    (123, "The name is not valid."),
    (124, "There is no such level of information."),
    (126, "The library, or one that it needs, was not found."),
    (127, "The library has no such function."),
    (128, "There is no child process to wait for."),
    (158, "It is not locked."),
    (161, "The path is not valid."),
    (170, "It is in use."),
    (183, "It exists already."),
    (193, "The file is no library of this kind of machine."),
    (203, "The environment variable was not found."),
    (206, "The file name is too long."),
    (231, "The pipe is busy."),
    (232, "The pipe is being closed."),
    (234, "There is more than fits."),
    (258, "The time to wait was over before it happened."),
    (259, "There are no more of them."),
    (288, "It belongs to somebody else."),
    (298, "It was released too often."),
    (487, "The address is not valid."),
    (995, "The operation was given up."),
    (996, "The operation is not finished."),
    (997, "The operation goes on by itself."),
    (998, "The memory may not be used so."),
    (1001, "The stack is full."),
    (1003, "It cannot be finished."),
    (1004, "The flags are not valid."),
    (1008, "There is no such token."),
    (1009, "The registry's file is damaged."),
    (1010, "The registry key is not valid."),
    (1011, "The registry key cannot be opened."),
    (1012, "The registry key cannot be read."),
    (1013, "The registry key cannot be written."),
    (1016, "The registry's file cannot be read or written."),
    (1018, "The registry key is deleted."),
    (1020, "The registry key has others below it."),
    (1062, "The service does not run."),
    (1113, "A character has no form in the other encoding."),
    (1114, "The library refused to start."),
    (1168, "It was not found."),
    (1223, "The user cancelled it."),
    (1237, "It did not work; try again."),
    (1244, "Nobody has proved yet who this is."),
    (1314, "A right that this needs is missing."),
    (1317, "There is no such user."),
    (1326, "The user name or password is wrong."),
    (1359, "There was a fault inside."),
    (1450, "The system lacks resources for this."),
    (1460, "The time for it was over."),
    (1784, "The buffer or its size is not valid."),
    (1785, "The medium is of no known kind."),
    (1816, "A limit of the system was reached."),
    (2115, "There is no such item."),
    (2123, "The buffer is too small."),
    (2221, "There is no such user."),
    (0x8000_4001, "It is not implemented."),
    (0x8000_4002, "There is no such interface."),
    (0x8000_4003, "A pointer is NULL or wrong."),
    (0x8000_4004, "The operation was given up."),
    (0x8000_4005, "It failed, and nothing says why."),
    (0x8000_FFFF, "Something happened that was not expected."),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The numbers that a header defines under names of errors.
    fn defined(header: &str) -> Vec<(String, u32)> {
        let name_and_number = |line: &str| {
            let mut words = line.strip_prefix("#define ")?.split_whitespace();
            let (name, value) = (words.next()?, words.next()?);
            let value = value.trim_start_matches("((HRESULT)").trim_end_matches(['u', ')', '(']);
            let number = match value.strip_prefix("0x") {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => value.parse().ok()?,
            };
            let is_error = ["ERROR_", "E_", "WAIT_"].iter().any(|start| name.starts_with(start));
            is_error.then(|| (name.to_owned(), number))
        };
        header.lines().filter_map(name_and_number).collect()
    }

    #[test]
    fn every_number_of_the_headers_has_a_sentence() {
        assert!(SENTENCES.is_sorted_by_key(|row| row.0));
        let winerror = defined(include_str!("../../../../include/openras/winerror.h"));
        let raserror = (600..=870).map(|number| ("raserror.h".to_owned(), number));
        assert!(winerror.len() > 80, "{}", winerror.len());
        for (name, number) in winerror.into_iter().chain(raserror) {
            let said = sentence(RasError(number));
            assert!(said.ends_with('.') && !said.contains("no sentence"), "{name} {number}: {said}");
        }
    }

    #[test]
    fn numbers_within_hresults_and_unknown_ones() {
        assert_eq!(sentence(RasError(0x8007_0057)), sentence(RasError(87)));
        assert_eq!(sentence(RasError(4_000_000)), "There is no sentence for error 4000000.");
        assert_eq!(sentence(RasError(0x8007_FFFF)), "There is no sentence for error 2148007935.");
    }
}
