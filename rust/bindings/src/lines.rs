//! Named tuples made as fast as plain ones.
#![allow(unsafe_code)] // one function, with its proof

use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyTuple, PyType};

/// A class made by `collections.namedtuple`, with so many fields.
pub(crate) struct Lines {
    class: Py<PyType>,
    alloc: ffi::allocfunc,
    fields: usize,
}

impl Lines {
    /// Of `class`, which must derive from `tuple` and add no storage of its own.
    pub(crate) fn new(class: &Bound<'_, PyType>) -> PyResult<Self> {
        let refused = || PyTypeError::new_err("the class of several outputs is no named tuple");
        let size = |of: &Bound<'_, PyType>| of.getattr("__basicsize__").and_then(|n| n.extract::<usize>());
        if !class.is_subclass_of::<PyTuple>()? || size(class)? != size(&class.py().get_type::<PyTuple>())? {
            return Err(refused());
        }
        let fields = class.getattr("_fields")?.len()?;
        // SAFETY: `class` is a type object, kept alive by the reference below, and `Py_tp_alloc` is a slot's number. The slot
        // holds an `allocfunc` or nothing, and a null function pointer is `None` of the option that it is read as.
        let alloc = unsafe {
            let slot = ffi::PyType_GetSlot(class.as_type_ptr(), ffi::Py_tp_alloc);
            std::mem::transmute::<*mut std::ffi::c_void, Option<ffi::allocfunc>>(slot)
        };
        Ok(Self { class: class.clone().unbind(), alloc: alloc.ok_or_else(refused)?, fields })
    }

    pub(crate) fn class<'py>(&self, py: Python<'py>) -> &Bound<'py, PyType> {
        self.class.bind(py)
    }

    /// A tuple of this class, of as many numbers as it has fields.
    #[inline]
    pub(crate) fn make<'py>(&self, py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyAny>> {
        if values.len() != self.fields {
            return Err(PyTypeError::new_err(format!("{} values for {} fields", values.len(), self.fields)));
        }
        // SAFETY: this is what `tuple.__new__` does for a subclass. `alloc` is the allocator of `class`, which derives from
        // `tuple`, so that it returns a new tuple with room for `fields` items, all null, or null with an exception set, which
        // `from_owned_ptr_or_err` turns into an error. The new tuple has one reference, ours, so `PyTuple_SetItem` accepts it
        // and every index is below `fields`; it takes over the reference to the float. Where a float cannot be made, the
        // tuple is dropped with items still null, which tuples allow while they are deallocated. The interpreter is attached,
        // as `py` shows.
        unsafe {
            let made = Bound::from_owned_ptr_or_err(py, (self.alloc)(self.class.as_ptr().cast(), values.len() as ffi::Py_ssize_t))?;
            for (i, &value) in values.iter().enumerate() {
                let number = ffi::PyFloat_FromDouble(value);
                if number.is_null() || ffi::PyTuple_SetItem(made.as_ptr(), i as ffi::Py_ssize_t, number) != 0 {
                    return Err(PyErr::fetch(py));
                }
            }
            Ok(made)
        }
    }
}
