/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The words with which Windows sources annotate parameters. All are empty here.
 *
 * libstdc++ has variables named __in and __out. In C++ its headers that do are therefore included before those words
 * vanish (all but <regex>, which takes a second to compile: include it first). With OPENRAS_NO_OLD_SAL the old words
 * stay what they are, and nothing is included.
 */
#ifndef OPENRAS_SAL_H
#define OPENRAS_SAL_H

/* the names are those of Windows, reserved or not */
#ifdef __clang__
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wunknown-warning-option"
#pragma clang diagnostic ignored "-Wreserved-identifier"
#endif

/* the words of old sources */
#ifndef OPENRAS_NO_OLD_SAL
#if defined(__cplusplus) && defined(__has_include)
#if __has_include(<algorithm>)
#include <algorithm>
#endif
#if __has_include(<locale>)
#include <locale>
#include <istream>
#include <ostream>
#include <memory>
#include <string>
#include <utility>
#if __cplusplus >= 201103L
#include <thread>
#include <tuple>
#endif
#endif
#endif

#define __in
#define __out
#define __inout
#define __in_opt
#define __out_opt
#define __inout_opt
#define __in_z
#define __out_z
#define __in_ecount(count)
#define __in_ecount_opt(count)
#define __in_bcount(count)
#define __in_bcount_opt(count)
#define __in_ecount_z(count)
#define __out_ecount(count)
#define __out_ecount_opt(count)
#define __out_ecount_part(count, used)
#define __out_ecount_z(count)
#define __out_bcount(count)
#define __out_bcount_opt(count)
#define __out_bcount_part(count, used)
#define __inout_ecount(count)
#define __inout_bcount(count)
#define __deref_out
#define __deref_out_opt
#define __deref_opt_out
#define __deref_out_ecount(count)
#define __deref_out_bcount(count)
#define __deref_inout
#define __checkReturn
#define __format_string
#define __nullterminated
#endif

/* the words of newer sources */
#define _In_
#define _In_z_
#define _In_opt_
#define _In_opt_z_
#define _In_reads_(count)
#define _In_reads_opt_(count)
#define _In_reads_bytes_(count)
#define _In_reads_bytes_opt_(count)
#define _In_reads_z_(count)
#define _In_range_(low, high)
#define _Inout_
#define _Inout_opt_
#define _Inout_z_
#define _Inout_updates_(count)
#define _Inout_updates_opt_(count)
#define _Inout_updates_bytes_(count)
#define _Inout_updates_bytes_opt_(count)
#define _Inout_updates_z_(count)
#define _Out_
#define _Out_opt_
#define _Out_writes_(count)
#define _Out_writes_opt_(count)
#define _Out_writes_bytes_(count)
#define _Out_writes_bytes_opt_(count)
#define _Out_writes_bytes_to_(count, used)
#define _Out_writes_to_(count, used)
#define _Out_writes_z_(count)
#define _Outptr_
#define _Outptr_opt_
#define _Outptr_result_maybenull_
#define _Outptr_result_bytebuffer_(count)
#define _Outptr_result_buffer_(count)
#define _COM_Outptr_
#define _Deref_out_
#define _Pre_
#define _Pre_notnull_
#define _Pre_null_
#define _Pre_maybenull_
#define _Post_
#define _Post_invalid_
#define _Post_ptr_invalid_
#define _Ret_
#define _Ret_maybenull_
#define _Ret_notnull_
#define _Ret_z_
#define _Reserved_
#define _Null_terminated_
#define _Printf_format_string_
#define _Scanf_format_string_
#define _Check_return_
#define _Must_inspect_result_
#define _Success_(condition)
#define _When_(condition, annotation)
#define _At_(target, annotation)
#define _Use_decl_annotations_
#define _Analysis_assume_(condition)
#define _Frees_ptr_opt_
#define _Function_class_(name)
#define _Acquires_lock_(lock)
#define _Releases_lock_(lock)
#define _Requires_lock_held_(lock)
#define _Guarded_by_(lock)
#define _Interlocked_
#define _Field_size_(count)
#define _Field_size_bytes_(count)
#define _Field_z_

#ifdef __clang__
#pragma clang diagnostic pop
#endif

#endif
