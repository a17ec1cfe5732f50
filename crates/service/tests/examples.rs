//! The examples of the repository do what they say.

#![allow(unreachable_pub, missing_docs, reason = "the examples are programs")]

#[path = "../../../examples/dial.rs"]
mod dial;
#[path = "../../../examples/port.rs"]
mod port;

#[tokio::test(flavor = "multi_thread")]
async fn the_dial_of_the_examples_reaches_their_port() {
    let state = tempfile::tempdir().unwrap();
    let service = port::start(state.path(), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = service.addresses()[0].1;
    assert_eq!(dial::call(address).await.unwrap(), 3);
    service.stop().await;
}
