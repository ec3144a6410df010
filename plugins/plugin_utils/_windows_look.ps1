# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

# Runs on a Windows server, in Windows PowerShell 5.1: what files are, without what they hold. Nothing is changed.
#
# Paths     the files
# Accounts  for each file an account whose rights matter, "" for none
# Program   one that is looked for, and not started; "" for none
#
# Gives "mine", the caller's own identifier and those of its groups, "user", its name, "program", where that is and null
# if it is nowhere, and for each of "files"
#
#     exists, directory, link, read_only     what it is
#     written, now                           when it was written last, and the server's time
#     owner, rules, folder                   who may do what with it, and with its folder; has_folder, if there is one
#     sid                                    the account's identifier; null if there is no such account
#     left                                   what runs that were killed have left beside it
#     refusal                                {hresult, words}, why it cannot be replaced; null if it can

# Or it would be left out in check mode.
[CmdletBinding(SupportsShouldProcess)]
param ([string[]] $Paths, [string[]] $Accounts, [string] $Program)

# The rules for the object itself, in the order in which Windows goes through them.
function Get-Rule([string] $Path) {
    $access = (Get-Acl -LiteralPath $Path).GetAccessRules($true, $true, [Security.Principal.SecurityIdentifier])
    foreach ($rule in $access) {
        if (-not ($rule.PropagationFlags -band [Security.AccessControl.PropagationFlags]::InheritOnly)) {
            @{
                sid = $rule.IdentityReference.Value
                allow = $rule.AccessControlType -eq [Security.AccessControl.AccessControlType]::Allow
                rights = [int] $rule.FileSystemRights
            }
        }
    }
}

function Get-Identifier([string] $Account) {
    try {
        ([Security.Principal.NTAccount] $Account).Translate([Security.Principal.SecurityIdentifier]).Value
    }
    catch [Security.Principal.IdentityNotMappedException] {
        $null
    }
}

# Why the file cannot be replaced: it is opened as ReplaceFile does, and neither read nor written.
function Get-Refusal([string] $Path) {
    $rights = [Security.AccessControl.FileSystemRights] 'Read, Delete, Synchronize'
    $share = [IO.FileShare] 'ReadWrite, Delete'
    try {
        (New-Object IO.FileStream $Path, ([IO.FileMode]::Open), $rights, $share, 1, ([IO.FileOptions]::None)).Dispose()
    }
    catch {
        $cause = $_.Exception.GetBaseException()
        @{ hresult = $cause.HResult; words = $cause.Message }
    }
}

# As Windows itself does, which starts no script and takes a name without an ending for one of .exe.
function Get-Program([string] $Name) {
    $full = if ([IO.Path]::HasExtension($Name)) { $Name } else { "$Name.exe" }
    $pattern = [Management.Automation.WildcardPattern]::Escape($full)
    @(Get-Command -Name $pattern -CommandType Application -ErrorAction SilentlyContinue)[0].Path
}

$files = for ($number = 0; $number -lt $Paths.Count; $number++) {
    $path, $account = $Paths[$number], $Accounts[$number]
    $parent = [IO.Path]::GetDirectoryName($path)
    $file = Get-Item -LiteralPath $path -Force -ErrorAction SilentlyContinue
    $exists = $file -is [IO.FileInfo]
    $has_folder = [IO.Directory]::Exists($parent)
    @{
        exists = $exists
        directory = $file -is [IO.DirectoryInfo]
        link = [bool] ($file -and ($file.Attributes -band [IO.FileAttributes]::ReparsePoint))
        read_only = $exists -and $file.IsReadOnly
        written = if ($exists) { $file.LastWriteTimeUtc.ToString('s') + 'Z' }
        now = [DateTime]::UtcNow.ToString('s') + 'Z'
        owner = if ($exists) { (Get-Acl -LiteralPath $path).Owner }
        sid = if ($account) { Get-Identifier $account }
        rules = @(if ($exists) { Get-Rule $path })
        has_folder = $has_folder
        folder = @(if ($has_folder) { Get-Rule $parent })
        left = @(if ($has_folder) { [IO.Directory]::GetFiles($parent, [IO.Path]::GetFileName($path) + '.*.mailops') })
        refusal = if ($exists) { Get-Refusal $path }
    }
}
$me = [Security.Principal.WindowsIdentity]::GetCurrent()
# Not by ForEach-Object, which in check mode would only say what it would do.
$mine = @($me.User.Value) + @(foreach ($group in $me.Groups) { $group.Value })
$Ansible.Changed = $false
$found = if ($Program) { Get-Program $Program }
$Ansible.Result = @{ files = @($files); mine = $mine; user = $me.Name; program = $found }
