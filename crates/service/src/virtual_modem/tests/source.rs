//! What the other end of a call hears of the computer.

use super::*;

/// Whom a phone that rings says it is.
async fn caller(phone: &mut impl Line) -> Option<String> {
    loop {
        let mut memory = [0; 16];
        let mut buf = ReadBuf::new(&mut memory);
        let ring = poll_fn(|cx| {
            buf.clear();
            phone.poll_event(cx, &mut buf).map(|event| match event {
                LineEvent::Ring { caller } => Some(caller),
                _ => None,
            })
        });
        if let Some(caller) = tokio::time::timeout(Duration::from_secs(60), ring).await.expect("it rings") {
            return caller;
        }
    }
}

/// What a computer hears until it rings and who calls is said.
async fn who_rings(computer: &mut Computer) -> String {
    computer.reads("RING\r\n").await + &computer.reads("NMBR = ").await + &computer.reads("\r\n").await
}

/// Limits and delays of callers go by it: without, all computers at modems without a number were one source.
#[tokio::test]
async fn who_is_called_hears_the_modems_number_or_else_the_computers_address_and_a_computer_numbers_only() {
    let modem = |name: &str, more: &str| {
        format!("[[virtual_modem]]\nname = \"{name}\"\nline = \"listen:tcp:127.0.0.1:0\"\n{more}\n")
    };
    let modems = [("plain", ""), ("numbered", "number = \"77\""), ("called", "number = \"78\"")];
    let modems = modems.map(|(name, more)| modem(name, more)).concat();
    let (service, _folder) =
        service(&format!("{modems}[directory]\n1 = \"exchange:300\"\n2 = \"modem:called\"\n")).await;
    let mut phone = service.shared().exchange.phone(Some("300"));
    phone.op(LineOp::Open);
    let mut called = Computer::at(&service, "called").await;
    called.types("AT+VCID=1").await;
    called.reads("OK\r\n").await;
    for (name, at_port, at_computer) in [("plain", "127.0.0.1", "O"), ("numbered", "77", "77")] {
        let mut computer = Computer::at(&service, name).await;
        computer.types("ATD1").await;
        assert_eq!(caller(&mut phone).await.as_deref(), Some(at_port), "{name}");
        computer.gives_up().await;
        computer.types("ATD2").await;
        let heard = who_rings(&mut called).await;
        assert!(heard.ends_with(&format!("NMBR = {at_computer}\r\n")), "{name}: {heard}");
        assert!(!heard.contains("127.0.0.1"), "{name}: {heard}");
        computer.gives_up().await;
    }
    service.stop().await;
}
