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

/// Limits and delays of callers go by it: without, all computers at modems without a number were one source.
#[tokio::test]
async fn who_is_called_hears_the_address_of_a_computer_whose_modem_has_no_number() {
    let (service, _folder) = service(
        "[[virtual_modem]]\nname = \"plain\"\nline = \"listen:tcp:127.0.0.1:0\"\n
        [directory]\n1 = \"exchange:300\"\n",
    )
    .await;
    let mut phone = service.shared().exchange.phone(Some("300"));
    phone.op(LineOp::Open);
    let mut plain = Computer::at(&service, "plain").await;
    plain.types("ATD1").await;
    assert_eq!(caller(&mut phone).await.as_deref(), Some("127.0.0.1"));
}
