//! The derive stage: facts to steps.

mod cases;
mod catalogue;
mod determinism;
mod estate;
mod naive_network;
