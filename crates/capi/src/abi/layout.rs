//! Where members must be, held at compile time.

/// The first number where pointers have 64 bits, the second where they have 32.
pub(super) const fn by_width(wide: usize, narrow: usize) -> usize {
    if size_of::<usize>() == 8 { wide } else { narrow }
}

/// `12`, or `12/8` where machines differ.
macro_rules! at {
    ($both:literal) => {
        $crate::abi::layout::by_width($both, $both)
    };
    ($wide:literal / $narrow:literal) => {
        $crate::abi::layout::by_width($wide, $narrow)
    };
}

/// The layout of one structure: its sizes from the oldest WINVER to the newest, and where its members are. `versioned`
/// ones begin with the dwSize that their caller sets; those with text have two forms, A and W.
macro_rules! layout {
    (versioned $name:ident<A, W> $c:literal [$($a:literal $(/ $an:literal)?),*] [$($w:literal $(/ $wn:literal)?),*] { $($members:tt)* }) => {
        // SAFETY: integers and arrays of them.
        unsafe impl<C: $crate::text::Char> $crate::abi::caller::Plain for $name<C> {}
        // SAFETY: the first member is dwSize.
        unsafe impl<C: $crate::text::Char> $crate::abi::caller::Versioned for $name<C> {
            const SIZES: &'static [usize] =
                if C::WIDE { &[$(at!($w $(/ $wn)?)),*] } else { &[$(at!($a $(/ $an)?)),*] };
        }
        layout!(@newest $name<u8>);
        layout!(@newest $name<u16>);
        layout!(@text $name $c { $($members)* });
    };
    (versioned $name:ident $c:literal [$($size:literal $(/ $narrow:literal)?),*] { $($members:tt)* }) => {
        // SAFETY: integers and arrays of them.
        unsafe impl $crate::abi::caller::Plain for $name {}
        // SAFETY: the first member is dwSize.
        unsafe impl $crate::abi::caller::Versioned for $name {
            const SIZES: &'static [usize] = &[$(at!($size $(/ $narrow)?)),*];
        }
        layout!(@newest $name);
        layout!(@plain $name $c { $($members)* });
    };
    (fixed $name:ident<A, W> $c:literal [$a:literal $(/ $an:literal)?] [$w:literal $(/ $wn:literal)?] { $($members:tt)* }) => {
        // SAFETY: integers and arrays of them.
        unsafe impl<C: $crate::text::Char> $crate::abi::caller::Plain for $name<C> {}
        layout!(@size $name<u8>, at!($a $(/ $an)?));
        layout!(@size $name<u16>, at!($w $(/ $wn)?));
        layout!(@text $name $c { $($members)* });
    };
    (fixed $name:ident $c:literal [$size:literal $(/ $narrow:literal)?] { $($members:tt)* }) => {
        // SAFETY: integers and arrays of them.
        unsafe impl $crate::abi::caller::Plain for $name {}
        layout!(@size $name, at!($size $(/ $narrow)?));
        layout!(@plain $name $c { $($members)* });
    };
    (@newest $type:ty) => {
        const _: () = {
            let newest = <$type as $crate::abi::caller::Versioned>::SIZES.last();
            assert!(matches!(newest, Some(size) if *size == size_of::<$type>()));
        };
        // packed to 4, as ras.h is
        const _: () = assert!(align_of::<$type>() <= 4);
    };
    (@size $type:ty, $size:expr) => {
        const _: () = assert!(size_of::<$type>() == $size);
    };
    (@text $name:ident $c:literal { $($member:ident $a:literal $(/ $an:literal)?, $w:literal $(/ $wn:literal)?;)* }) => {
        $(const _: () = assert!(std::mem::offset_of!($name<u8>, $member) == at!($a $(/ $an)?));)*
        $(const _: () = assert!(std::mem::offset_of!($name<u16>, $member) == at!($w $(/ $wn)?));)*
        #[cfg(test)]
        impl $crate::abi::tests::Layout for $name<u8> {
            const NAME: &'static str = concat!($c, "A");
            const MEMBERS: &'static [(&'static str, usize)] =
                &[$((stringify!($member), std::mem::offset_of!($name<u8>, $member))),*];
        }
        #[cfg(test)]
        impl $crate::abi::tests::Layout for $name<u16> {
            const NAME: &'static str = concat!($c, "W");
            const MEMBERS: &'static [(&'static str, usize)] =
                &[$((stringify!($member), std::mem::offset_of!($name<u16>, $member))),*];
        }
    };
    (@plain $name:ident $c:literal { $($member:ident $wide:literal $(/ $narrow:literal)?;)* }) => {
        $(const _: () = assert!(std::mem::offset_of!($name, $member) == at!($wide $(/ $narrow)?));)*
        #[cfg(test)]
        impl $crate::abi::tests::Layout for $name {
            const NAME: &'static str = $c;
            const MEMBERS: &'static [(&'static str, usize)] =
                &[$((stringify!($member), std::mem::offset_of!($name, $member))),*];
        }
    };
}
