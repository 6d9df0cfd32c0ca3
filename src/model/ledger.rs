//! The gradients of an engine: the sum that a meta-batch gathers, and those that wait for the backward pass of
//! the tape.

use super::adaptation::Adaptation;
use super::engine::Ticket;
use super::kernels::{self, Block, Kernels, Packed, Real, Shape, vectors};
use super::settings::ModelSettings;
use super::tensors::TensorInfo;

/// The gradient of everything that training moves.
#[derive(Clone)]
pub(super) struct Gradient<E> {
    pub network: Packed<E>,
    /// By the adaptation's meta-parameters, one tensor after another.
    pub numbers: Vec<E>,
}

/// Gradients gathered, held and given back.
pub(super) struct Ledger<E: Real> {
    kernels: Kernels,
    /// Tensors and numbers of the network itself, which come before the adaptation's.
    tensors: usize,
    parameters: usize,
    /// Sum over the tasks of a meta-batch, and what makes it their mean.
    pub sum: Gradient<E>,
    pub share: f64,
    held: Vec<Option<Gradient<E>>>,
    spare: Vec<Gradient<E>>,
}

impl<E: Real> Ledger<E> {
    /// For a network that adapts so.
    pub fn new(model: &ModelSettings, adaptation: &Adaptation, kernels: Kernels, shape: Shape) -> Self {
        let numbers = adaptation.tensors(model).iter().map(TensorInfo::count).sum();
        Self {
            kernels,
            tensors: model.tensor_count(),
            parameters: model.parameters(),
            sum: Gradient { network: Packed::zero(shape), numbers: vec![E::default(); numbers] },
            share: 1.0,
            held: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// Parts all numbers into those of the network and the adaptation's.
    pub fn load(&self, all: &[E], network: &mut Packed<E>, numbers: &mut [E]) {
        let (of_network, rest) = all.split_at(self.parameters);
        kernels::pack(self.kernels, of_network, network.view_mut());
        numbers.copy_from_slice(rest);
    }

    /// Holds the sum until it is wanted.
    pub fn take(&mut self) -> Ticket {
        let empty = self.spare.pop().unwrap_or_else(|| self.sum.clone());
        let gradient = Some(std::mem::replace(&mut self.sum, empty));
        let free = self.held.iter().position(Option::is_none);
        let slot = free.unwrap_or_else(|| {
            self.held.push(None);
            self.held.len() - 1
        });
        self.held[slot] = gradient;
        Ticket { slot, share: self.share }
    }

    /// Adds `scale` times a tensor of a held gradient to `sums`.
    pub fn add(&self, ticket: &Ticket, (tensor, from): (usize, usize), scale: E, sums: &mut [E]) {
        let Some(gradient) = &self.held[ticket.slot] else { return };
        let scale = E::rounded(ticket.share) * scale;
        if tensor < self.tensors {
            vectors::add_rounded(self.kernels, scale, gradient.network.rows(tensor), sums);
        } else {
            let (from, count) = (from - self.parameters, sums.len());
            let numbers = Block::new(&gradient.numbers[from..from + count], 1, count, count);
            vectors::add_rounded(self.kernels, scale, numbers, sums);
        }
    }

    /// Gives a held gradient's memory back.
    pub fn release(&mut self, ticket: Ticket) {
        self.spare.extend(self.held[ticket.slot].take());
    }
}

/// Writes a network's numbers one tensor after another, unpadded.
pub(super) fn unpack<E: Real>(network: &Packed<E>, out: &mut [E]) {
    let numbers = (0..network.view().count()).flat_map(|tensor| network.view().runs(tensor).flatten());
    out.iter_mut().zip(numbers).for_each(|(out, &number)| *out = number);
}
