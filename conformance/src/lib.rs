//! Tests of the product against real servers, real clients and the peers it replaces.
