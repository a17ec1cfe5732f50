//! Each exit code of `dial --help`, made to happen.

use crate::lab::{Lab, stranger};

/// What is run, and the code and RAS number it must end with (0: none). LINE stands for a port that answers.
const TABLE: [(&str, i32, u32); 12] = [
    ("--line LINE --password-file pw --ping 1", 0, 0),
    ("--line LINE --bad-option", 2, 0),
    ("--line LINE --password-file missing", 3, 0),
    ("--line tcp:127.0.0.1:1 --password-file pw", 4, 678),
    ("--line LINE --password-file wrong", 5, 691),
    ("--line LINE --password-file pw --auth pap", 6, 812),
    // an offer to say a number when asked; nobody asks
    ("--line LINE --password-file pw --callback * --ping 1", 0, 0),
    ("--line LINE --password-file pw --callback 5550101", 7, 704),
    ("--line LINE --password-file pw --callback 5550101 --json", 7, 704),
    ("--line LINE --password-file pw --terminal after-dial", 8, 703),
    ("--line LINE --password-file pw --terminal before-dial --no-pause --json", 8, 703),
    ("--line LINE --password-file pw --fetch http://10.64.0.1/nothing", 10, 0),
];

#[test]
fn each_kind_of_failure_has_its_documented_code_number_reason_and_remedy() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\nip = \"loopback\"\n");
    let server = lab.serve(&[]);
    let line = server.line("line1");
    let help = lab.run(&["dial", "--help"]).out;
    for (words, code, number) in TABLE {
        let words = words.replace("LINE", &line);
        let args: Vec<&str> = ["dial", "--user", "alice"].into_iter().chain(words.split(' ')).collect();
        let done = lab.run(&args);
        assert_eq!(done.code, code, "{words}: {}{}", done.out, done.err);
        assert!(help.contains(&format!("{code} ")), "{code} is documented");
        if number != 0 {
            assert!(done.out.contains(&number.to_string()), "{words}: {}", done.out);
            let told =
                if words.contains("--json") { ["\"why\":", "\"remedy\":"] } else { ["why:  ", "try:  "] };
            for part in told {
                let text = done.out.split(part).nth(1).unwrap_or_default();
                assert!(text.trim_start_matches('"').len() > 10, "{words}: {part} {}", done.out);
            }
        }
    }
}

#[test]
fn a_call_lost_after_connected_is_9_and_a_call_hung_up_before_is_130() {
    let lab = Lab::with("[[port]]\nname = \"line1\"\nline = \"listen:tcp:127.0.0.1:0\"\n");
    let server = lab.serve(&[]);
    let mut call = lab.program(&server.line("line1"), "alice", "pw", &[]);
    call.state("Connected");
    drop(server);
    assert_eq!(call.end().0, 9);
    let silent = stranger(|mut stream| drop(std::io::Read::read_to_end(&mut stream, &mut Vec::new())));
    let mut call = lab.program(&silent, "alice", "pw", &[]);
    call.state("AllDevicesConnected");
    call.say(&serde_json::json!({ "hangup": true }));
    assert_eq!(call.end().0, 130);
}
