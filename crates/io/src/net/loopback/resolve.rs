//! Names, by the DNS servers that IPCP gave (RFC 1035, RFC 1877).

use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::task::Poll;
use std::time::Duration;

use smoltcp::iface::SocketHandle;
use smoltcp::socket::dns;
use smoltcp::wire::{DnsQueryType, IpAddress};
use tokio::time::timeout;

use super::{LoopbackHandle, Shared};

/// How long all servers together may take.
const WAIT: Duration = Duration::from_secs(25);

/// Servers that a question goes to: more than that smoltcp does not take.
const SERVERS: usize = 2;

/// One question's socket, gone when dropped.
struct Question<'a> {
    shared: &'a Shared,
    handle: SocketHandle,
}

impl Drop for Question<'_> {
    fn drop(&mut self) {
        self.shared.stack().sockets.remove(self.handle);
    }
}

impl LoopbackHandle {
    /// The addresses of a name, IPv4 before IPv6, asked of the servers the other end gave; never of this machine's own.
    ///
    /// # Errors
    /// `NotConnected`: IP is not up; `NotFound`: there is no such name, or the other end gave no server; `TimedOut`: no
    /// server answered in 25 s.
    pub async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        let both = async {
            let found = self.ask(name, DnsQueryType::A).await;
            match found {
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.has_ipv6() => {
                    self.ask(name, DnsQueryType::Aaaa).await
                }
                found => found,
            }
        };
        timeout(WAIT, both)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no DNS server answered over the link"))?
    }

    fn has_ipv6(&self) -> bool {
        self.shared.stack().check(std::net::Ipv6Addr::UNSPECIFIED.into()).is_ok()
    }

    async fn ask(&self, name: &str, kind: DnsQueryType) -> io::Result<Vec<IpAddr>> {
        let none = || io::Error::new(io::ErrorKind::NotFound, "there is no such name");
        let (question, query) = {
            let mut stack = self.shared.stack();
            let servers: Vec<IpAddress> =
                stack.name_servers()?.into_iter().map(IpAddress::from).take(SERVERS).collect();
            let mut socket = dns::Socket::new(&servers, vec![None]);
            let query = socket.start_query(stack.context(), name, kind).map_err(|_| none())?;
            let handle = stack.sockets.add(socket);
            (Question { shared: &self.shared, handle }, query)
        };
        self.shared.wake.notify_one();
        let found = poll_fn(|cx| {
            let mut stack = self.shared.stack();
            if let Err(error) = stack.name_servers() {
                return Poll::Ready(Err(error));
            }
            let socket = stack.sockets.get_mut::<dns::Socket<'_>>(question.handle);
            match socket.get_query_result(query) {
                Ok(addresses) => Poll::Ready(Ok(addresses.iter().map(|one| IpAddr::from(*one)).collect())),
                Err(dns::GetQueryResultError::Failed) => Poll::Ready(Err(none())),
                Err(dns::GetQueryResultError::Pending) => {
                    socket.register_query_waker(query, cx.waker());
                    stack.wake_on_change(cx);
                    Poll::Pending
                }
            }
        });
        let found: Vec<IpAddr> = found.await?;
        if found.is_empty() { Err(none()) } else { Ok(found) }
    }
}
