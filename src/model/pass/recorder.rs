//! One pass over a network: its parameters by name, and the operations that a backward pass will undo.

use std::cell::RefCell;
use std::rc::Rc;

use dfdx::prelude::{Cpu, CpuError, Gradients, Tape};

use super::super::insight::LayerUnits;
use super::super::kernels::Kernels;
use super::super::parameters::Parameters;
use super::super::scalar::Scalar;
use super::memory::{Memory, Spare};
use super::rows::{Layout, Rows, Size};

type Operation<E> = Box<dyn FnOnce(&mut Gradients<E, Cpu>) -> Result<(), CpuError>>;

/// What operations are called on, by [`super::super::Reads`].
pub struct Pass<E: Scalar> {
    pub(super) memory: Rc<Memory<E>>,
    pub(super) theta: Parameters<E>,
    records: bool,
    operations: RefCell<Vec<Operation<E>>>,
    /// What rectified layers answer, where somebody looks on.
    seen: Option<RefCell<Vec<LayerUnits>>>,
}

impl<E: Scalar> Pass<E> {
    /// Over these parameters; `records` says whether there will be a way back.
    pub(in super::super) fn new(memory: Rc<Memory<E>>, theta: Parameters<E>, records: bool) -> Self {
        Self { memory, theta, records, operations: RefCell::new(Vec::new()), seen: None }
    }

    /// The same without a way back, for looking at its rectified layers.
    pub(in super::super) fn watched(memory: Rc<Memory<E>>, theta: Parameters<E>) -> Self {
        Self { seen: Some(RefCell::default()), ..Self::new(memory, theta, false) }
    }

    /// What the rectified layers have answered, in their order.
    pub(in super::super) fn into_seen(self) -> Vec<LayerUnits> {
        self.seen.map(RefCell::into_inner).unwrap_or_default()
    }

    /// Notes what a rectified layer answers, where somebody looks on.
    pub(super) fn show(&self, layer: &str, units: &Rows<E>) {
        let Some(seen) = &self.seen else { return };
        let rows = (0..units.count()).flat_map(|row| units.row(row).iter().map(|unit| unit.exact()));
        let (layer, width) = (layer.to_owned(), units.columns());
        seen.borrow_mut().push(LayerUnits { layer, width, values: rows.collect() });
    }

    /// Puts what was recorded on a tape.
    pub(in super::super) fn put_on<T: Tape<E, Cpu>>(self, tape: &mut T) {
        for operation in self.operations.into_inner() {
            tape.add_backward_op(operation);
        }
    }

    pub(super) fn kernels(&self) -> Kernels {
        self.memory.kernels
    }

    pub(super) fn spare(&self) -> &Rc<Spare<E>> {
        &self.memory.spare
    }

    /// How rows of this size lie.
    pub(super) fn layout(&self, size: Size) -> Layout {
        Layout::new::<E>(size, self.kernels())
    }

    /// Rows from a buffer in which they lie.
    pub(super) fn rows(&self, layout: Layout, value: Vec<E>, leads: bool) -> Rows<E> {
        Rows::new(layout, value, leads && self.records, self.spare().clone())
    }

    /// Records what a backward pass does with the derivative by `out`: it is handed it when it is complete, to keep if it
    /// likes, and not called where there is none.
    pub(super) fn record(
        &self,
        out: &Rows<E>,
        back: impl FnOnce(&mut Vec<E>, &mut Gradients<E, Cpu>) -> Result<(), CpuError> + 'static,
    ) {
        if !out.leads() {
            return;
        }
        let (out, spare) = (out.clone(), self.spare().clone());
        self.operations.borrow_mut().push(Box::new(move |gradients| {
            let Some(mut derivative) = out.take_derivative() else { return Ok(()) };
            let done = back(&mut derivative, gradients);
            spare.take_back(derivative);
            done
        }));
    }

    /// Records what a backward pass begins with.
    pub(super) fn record_first(
        &self,
        back: impl FnOnce(&mut Gradients<E, Cpu>) -> Result<(), CpuError> + 'static,
    ) {
        if self.records {
            self.operations.borrow_mut().push(Box::new(back));
        }
    }
}
