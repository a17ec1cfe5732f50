//! Computers in pages: which of them get a modem.

use super::*;

/// A page of another origin gets no modem unless `origins` names it, and a reload changes that.
#[tokio::test]
async fn pages_of_other_origins_get_a_modem_where_origins_says_so() {
    let text = |origins: &str| {
        format!("[[virtual_modem]]\nname = \"m\"\nline = \"listen:ws:127.0.0.1:0\"\ncalls = 2\n{origins}\n")
    };
    let (service, folder) = service(&text("")).await;
    let (_, address) = service.addresses().remove(0);
    let asks = async || {
        let mut page = TcpStream::connect(address).await.unwrap();
        let asked = format!(
            "GET / HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://retro.example\r\n\r\n"
        );
        page.write_all(asked.as_bytes()).await.unwrap();
        let mut answer = [0; 12];
        page.read_exact(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert_eq!(asks().await, "HTTP/1.1 403");
    let told = service.reload(config(&folder, &text("origins = [\"https://retro.example\"]"))).await.unwrap();
    assert_eq!(told.changed, ["m"]);
    assert_eq!(asks().await, "HTTP/1.1 101");
    service.stop().await;
}
