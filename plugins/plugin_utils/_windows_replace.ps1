# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Runs on a Windows server, in Windows PowerShell 5.1: puts a file with other content in the place of one, whole or not
# at all, by ReplaceFile, which keeps the rights, the owner's included, and all other attributes.
#
# Path      the file
# Content   what it shall hold, in base64
# Expected  what it holds now, as SHA-256 in hexadecimal digits; "" if there shall be no file yet
# Backup    where what it held is kept, beside it; "" if it is not
# Private   whether a new file is for the caller, the administrators and the system alone; else it has its folder's rights
#
# Gives {problem}: null, "changed", "other_content", or "refused" with hresult and words.

param ([string] $Path, [string] $Content, [string] $Expected, [string] $Backup, [bool] $Private)

function Get-Fingerprint([byte[]] $Bytes) {
    $hash = (New-Object Security.Cryptography.SHA256CryptoServiceProvider).ComputeHash($Bytes)
    [BitConverter]::ToString($hash).Replace('-', '').ToLowerInvariant()
}

# The rights that the new file has from its first moment on.
function Get-Security {
    $security = New-Object Security.AccessControl.FileSecurity
    if ([IO.File]::Exists($Path)) {
        $rights = (Get-Acl -LiteralPath $Path).GetSecurityDescriptorSddlForm('Access')
    }
    else {
        $me = [Security.Principal.WindowsIdentity]::GetCurrent().User.Value
        $rights = "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;$me)"
    }
    $security.SetSecurityDescriptorSddlForm($rights, 'Access')
    $security
}

# No web server hands out files of this ending.
$new = "$Path.$([Guid]::NewGuid().ToString('N')).mailops"
$old = if ($Backup) { $Backup } else { "$Path.$([Guid]::NewGuid().ToString('N')).mailops" }
$Ansible.Result = @{ problem = $null }
try {
    $exists = [IO.File]::Exists($Path)
    $found = if ($exists) { Get-Fingerprint ([IO.File]::ReadAllBytes($Path)) } else { '' }
    if ($found -ne $Expected) {
        $Ansible.Changed = $false
        $Ansible.Result = @{ problem = 'changed' }
        return
    }
    if ($exists) {
        # What killed runs have left. Where the file itself is gone, it may be the only copy.
        $folder, $name = [IO.Path]::GetDirectoryName($Path), [IO.Path]::GetFileName($Path)
        foreach ($left in [IO.Directory]::GetFiles($folder, "$name.*.mailops")) {
            [IO.File]::Delete($left)
        }
    }
    $bytes = [Convert]::FromBase64String($Content)
    $stream = if ($exists -or $Private) {
        [IO.File]::Create($new, 4096, [IO.FileOptions]::WriteThrough, (Get-Security))
    }
    else {
        [IO.File]::Create($new, 4096, [IO.FileOptions]::WriteThrough)
    }
    try {
        $stream.Write($bytes, 0, $bytes.Length)
        $stream.Flush($true)
    }
    finally {
        $stream.Dispose()
    }
    if ($exists) {
        # With the name of a copy, so that the old file is not lost if the second of the two renames fails.
        [IO.File]::Replace($new, $Path, $old)
        if (-not $Backup) {
            [IO.File]::Delete($old)
        }
    }
    else {
        [IO.File]::Move($new, $Path)
    }
    if ([Convert]::ToBase64String([IO.File]::ReadAllBytes($Path)) -cne $Content) {
        $Ansible.Result = @{ problem = 'other_content' }
    }
}
catch {
    $cause = $_.Exception.GetBaseException()
    $Ansible.Result = @{ problem = 'refused'; hresult = $cause.HResult; words = $cause.Message }
    if (-not [IO.File]::Exists($Path) -and [IO.File]::Exists($old)) {
        [IO.File]::Move($old, $Path)
    }
}
finally {
    if ([IO.File]::Exists($new)) {
        [IO.File]::Delete($new)
    }
}
