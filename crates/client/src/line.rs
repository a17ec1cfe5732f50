//! Lines as the service understands them.

/// The same line with a path that means the same in every folder: the service does not run in ours.
pub fn absolute(line: &str) -> String {
    for kind in ["unix:", "listen:unix:", "pty:", "serial:"] {
        if let Some(path) = line.strip_prefix(kind)
            && !path.is_empty()
            && let Ok(path) = std::path::absolute(path)
        {
            return format!("{kind}{}", path.display());
        }
    }
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_made_absolute_and_nothing_else_is_touched() {
        let here = std::env::current_dir().unwrap();
        for kind in ["unix", "listen:unix", "pty", "serial"] {
            assert_eq!(absolute(&format!("{kind}:a/b")), format!("{kind}:{}", here.join("a/b").display()));
        }
        for line in ["pty:/dev/ttyUSB0", "tcp:host:1", "exchange:100", "unix:", "nonsense"] {
            assert_eq!(absolute(line), line);
        }
    }
}
