//! Read-only numpy views of memory that a frozen class owns.
#![allow(unsafe_code)] // one call, with its proof

use numpy::ndarray::ArrayView1;
use numpy::{Element, PyArray1, PyArrayMethods};
use pyo3::PyClass;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;

/// A numpy array over the slice that `column` finds in `owner`; nothing is copied, writing is refused, and `owner` lives as
/// long as the array.
pub(crate) fn view<'py, C, T>(owner: &Bound<'py, C>, column: impl for<'a> FnOnce(&'a C) -> &'a [T]) -> PyResult<Bound<'py, PyAny>>
where
    C: PyClass<Frozen = True> + Sync,
    T: Element,
{
    let values = ArrayView1::from(column(owner.get()));
    // SAFETY: `borrow_from_array` needs the memory to stay where it is, unchanged, while the array lives.
    // The array holds a strong reference to `owner`, so the `C` inside is neither dropped nor moved before the array is.
    // `C` is frozen: Python and `PyO3` never give out `&mut C`, and `column` must work for every lifetime 'a, so it can only
    // return memory that is borrowed from a shared `&C` (or is 'static), which shared access cannot free or change: a cell
    // with interior mutability would hand out a guard, not an `&'a [T]`.
    // The array is made non-writeable before anyone else sees it, and numpy does not let `setflags` undo that, because the
    // base object exports no writeable buffer.
    let array = unsafe { PyArray1::borrow_from_array(&values, owner.clone().into_any()) };
    array.try_readwrite()?.make_nonwriteable();
    Ok(array.into_any())
}
