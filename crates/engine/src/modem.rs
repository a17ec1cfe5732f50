//! Modems (V.250): driven ([`Driver`]) over a serial port, played ([`Dce`]) for a computer, and what both say to each other.

mod dce;
mod driver;
mod number;
mod response;

pub use dce::{Dce, DceInput, DceOutput, DceState, Identity};
pub use driver::{
    Carrier, DeviceEvent, DeviceOp, Driver, DriverInput, DriverOutput, Event, HangUp, Settings, Trouble,
};
pub use number::dial_string;
pub use response::{CallerId, Response, Speech, Words};
