//! The configuration: any text is a configuration, or a list of problems with their places.

use openras_service::Config;
use openras_service::config::{parse_duration, show_duration};

/// Runs the body.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(time) = parse_duration(&text) {
        assert_eq!(parse_duration(&show_duration(time)), Ok(time), "{text:?}");
    }
    let lines = text.matches('\n').count() + 1;
    match Config::parse(&text, "openras.toml") {
        Ok(config) => assert_eq!(config.check(), Ok(()), "a file that was taken breaks a rule"),
        Err(error) => {
            assert!(!error.problems.is_empty());
            for problem in &error.problems {
                assert!((1..=lines).contains(&problem.line), "{problem:?}");
                assert!(problem.column >= 1, "{problem:?}");
                assert!(!problem.what.is_empty() && !problem.remedy.is_empty(), "{problem:?}");
            }
            assert!(error.problems.is_sorted_by_key(|problem| (problem.line, problem.column)));
            let text = error.to_string();
            assert!(!text.chars().any(|shown| shown.is_control() && shown != '\n'), "{text:?}");
        }
    }
}
