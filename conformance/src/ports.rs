//! Loopback ports nobody else uses, also when several test programs run at once.
//!
//! Asking the kernel for port 0 and closing the socket again races with every other program that does the
//! same. Here a program claims a block of ports by listening on the block's first port for as long as it
//! lives, and hands out the others. The blocks lie below the range of ephemeral ports, and between those
//! that upstream's Tcl suite takes (20000 and 30000 onwards).

use std::net::TcpListener;
use std::sync::Mutex;

const FIRST: u16 = 21_200;
const BLOCK: u16 = 100;
const BLOCKS: u16 = 87;

struct Block {
    /// keeps the block ours
    _claim: TcpListener,
    next: u16,
    end: u16,
}

static BLOCK_IN_USE: Mutex<Option<Block>> = Mutex::new(None);

/// A free port on 127.0.0.1, given to nobody else while this program lives.
///
/// # Panics
/// When no block of ports is left.
pub fn free_port() -> u16 {
    let mut slot = BLOCK_IN_USE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    loop {
        if let Some(block) = slot.as_mut() {
            while block.next < block.end {
                let port = block.next;
                block.next += 1;
                if TcpListener::bind(("127.0.0.1", port)).is_ok() {
                    return port;
                }
            }
            // An exhausted block stays claimed: its ports are still in use by our processes.
            if let Some(used_up) = slot.take() {
                std::mem::forget(used_up);
            }
        }
        *slot = Some(claim_block());
    }
}

fn claim_block() -> Block {
    let start = std::process::id() % u32::from(BLOCKS);
    for i in 0..u32::from(BLOCKS) {
        let index = u16::try_from((start + i) % u32::from(BLOCKS)).expect("below BLOCKS");
        let first = FIRST + index * BLOCK;
        if let Ok(claim) = TcpListener::bind(("127.0.0.1", first)) {
            return Block { _claim: claim, next: first + 1, end: first + BLOCK };
        }
    }
    panic!("no block of {BLOCK} free ports between {FIRST} and {}", FIRST + BLOCKS * BLOCK);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice() {
        let mut ports: Vec<u16> = (0..150).map(|_| free_port()).collect();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 150);
    }
}
