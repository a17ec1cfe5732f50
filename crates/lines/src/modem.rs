//! Modems (V.250): driven ([`Driver`]) over a serial port, and what both sides say to each other.

mod driver;
mod number;
mod response;

pub use driver::{
    Carrier, DeviceEvent, DeviceOp, Driver, DriverInput, DriverOutput, Event, HangUp, Settings, Trouble,
};
pub use number::dial_string;
pub use response::{CallerId, Response, Speech, Words};
