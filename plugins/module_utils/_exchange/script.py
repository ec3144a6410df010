# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The one PowerShell script that the collection ever runs, and the command line that starts it.

A module's payload carries Python files only, so the script travels as text. Nothing is ever pasted into it: requests
reach it over standard input. The sandbox's stand-in for PowerShell knows both by their SHA-256.
"""

from __future__ import annotations

import base64

#: The oldest ExchangeOnlineManagement that the script accepts: its $script:MinimumModule.
MINIMUM_MODULE = (3, 2, 0)

#: Read from standard input as its first line, then run by LOADER.
SCRIPT = r'''# One Exchange Online PowerShell session, driven over standard input and output.
# Dot-sourced once by the loader, which then hands every further line of input to Receive-Request.
#
# A line of input is base64 of UTF-8 JSON: {"id": int, "op": "hello" | "connect" | "invoke" | "bye", ...}.
# A line of output is "<nonce> " + base64 of UTF-8 JSON: {"id": int, "ok": bool, ...}. Lines without the nonce are noise
# (banners, host output of modules) and are to be kept for error reports only.
#
# Data never becomes code: commands are called by name, parameters are splatted. Every JSON string carries one leading
# ':' both ways, or ConvertFrom-Json would turn strings that look like dates into dates.
# Runs on Windows PowerShell 5.1 and on PowerShell 7.

$global:ProgressPreference = 'SilentlyContinue'
# 5.1 writes some arrays as {"value": [...], "Count": n} unless this is gone.
if ($PSVersionTable.PSVersion.Major -lt 6) { Remove-TypeData -TypeName System.Array -ErrorAction SilentlyContinue }
$script:Nonce = ''
$script:CommandSource = '^(ExchangeOnlineManagement|tmpEXO_.*)$'   # where Connect-ExchangeOnline puts its cmdlets
$script:MinimumModule = [version]'3.2.0'

function ConvertFrom-Wire {
    param($Value)
    if ($null -eq $Value) { return $null }
    if ($Value -is [string]) { return $Value.Substring(1) }
    if ($Value -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $table[$property.Name] = ConvertFrom-Wire $property.Value
        }
        return $table
    }
    if ($Value -is [System.Collections.IList]) {
        $items = [object[]]::new($Value.Count)
        for ($i = 0; $i -lt $Value.Count; $i++) { $items[$i] = ConvertFrom-Wire $Value[$i] }
        return , $items
    }
    return $Value
}

function ConvertTo-Wire {
    # Only what JSON knows leaves here, so that 5.1 and 7 answer alike:
    # dates as ISO 8601, enumerations and GUIDs as text.
    param($Value, [int]$Depth = 6)
    if ($null -eq $Value) { return $null }
    $base = $Value
    if ($Value -is [psobject]) { $base = $Value.PSObject.BaseObject }
    if ($base -is [string] -or $base -is [char]) { return ":$base" }
    if ($base -is [bool]) { return $base }
    if ($base -is [System.Management.Automation.SwitchParameter]) { return [bool]$base }
    if ($base -is [enum]) { return ":$base" }
    if ($base -is [datetime]) { return ':' + $base.ToString('o', [cultureinfo]::InvariantCulture) }
    if ($base -is [datetimeoffset]) { return ':' + $base.ToString('o', [cultureinfo]::InvariantCulture) }
    if ($base.GetType().IsPrimitive -or $base -is [decimal]) { return $base }
    if ($Depth -le 0) { return ":$base" }
    if ($base -is [System.Collections.IDictionary]) {
        $table = @{}
        foreach ($key in $base.Keys) { $table["$key"] = ConvertTo-Wire $base[$key] ($Depth - 1) }
        return $table
    }
    if ($base -is [System.Collections.IEnumerable]) {
        $items = [System.Collections.Generic.List[object]]::new()
        foreach ($item in $base) { $items.Add((ConvertTo-Wire $item ($Depth - 1))) }
        return , $items.ToArray()
    }
    if ($base -is [System.Management.Automation.PSCustomObject]) {
        $table = @{}
        foreach ($property in $Value.PSObject.Properties) {
            $table[$property.Name] = ConvertTo-Wire $property.Value ($Depth - 1)
        }
        return $table
    }
    return ":$base"
}

function Send-Answer {
    param([hashtable]$Answer)
    $json = ConvertTo-Json -InputObject $Answer -Depth 20 -Compress
    [Console]::Out.WriteLine($script:Nonce + ' ' + [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($json)))
    [Console]::Out.Flush()
}

function Get-ErrorDetail {
    param([System.Management.Automation.ErrorRecord]$Record)
    @{
        message  = ":$($Record.Exception.Message)"
        type     = ":$($Record.Exception.GetType().FullName)"
        id       = ":$($Record.FullyQualifiedErrorId)"
        category = ":$($Record.CategoryInfo.Category)"
        reason   = ":$($Record.CategoryInfo.Reason)"
        target   = ":$($Record.CategoryInfo.TargetName)"
    }
}

function Invoke-Hello {
    $module = Get-Module -ListAvailable -Name ExchangeOnlineManagement |
        Sort-Object -Property Version -Descending | Select-Object -First 1
    $version = $null
    if ($module) { $version = ":$($module.Version)" }
    @{
        powershell = ":$($PSVersionTable.PSVersion)"
        edition    = ":$($PSVersionTable.PSEdition)"
        module     = $version
        process    = $PID
    }
}

function Invoke-Connect {
    param([hashtable]$Parameters, [hashtable]$Secure)
    Import-Module -Name ExchangeOnlineManagement -MinimumVersion $script:MinimumModule -ErrorAction Stop
    $connect = Get-Command -Name Connect-ExchangeOnline -Module ExchangeOnlineManagement -ErrorAction Stop
    foreach ($name in $Secure.Keys) {
        $text = [System.Security.SecureString]::new()
        foreach ($character in $Secure[$name].ToCharArray()) { $text.AppendChar($character) }
        $Parameters[$name] = $text
    }
    # Only speed: versions that lack them connect without.
    foreach ($name in 'SkipLoadingFormatData', 'SkipLoadingCmdletHelp') {
        if ($connect.Parameters.ContainsKey($name)) { $Parameters[$name] = $true }
    }
    & $connect @Parameters -ShowBanner:$false -ErrorAction Stop 3>&1 6>&1 | Out-Null
    @{ }
}

function Invoke-Cmdlet {
    param([string]$Name, [hashtable]$Parameters, [System.Collections.Generic.List[object]]$Warnings)
    if ($Name -notmatch '\A[A-Za-z]+-[A-Za-z0-9]+\z') {
        throw [System.ArgumentException]::new("'$Name' is not the name of a cmdlet.")
    }
    $command = Get-Command -Name $Name -ListImported -CommandType 'Cmdlet', 'Function' -ErrorAction SilentlyContinue |
        Where-Object { $_.Source -match $script:CommandSource } | Select-Object -First 1
    if (-not $command) {
        throw [System.Management.Automation.CommandNotFoundException]::new(
            "'$Name' is not a cmdlet of this Exchange session."
        )
    }
    $values = [System.Collections.Generic.List[object]]::new()
    & $command @Parameters -ErrorAction Stop -WarningAction Continue 3>&1 6>&1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.WarningRecord]) { $Warnings.Add(":$($_.Message)") }
        elseif ($_ -isnot [System.Management.Automation.InformationRecord]) { $values.Add((ConvertTo-Wire $_)) }
    }
    @{ value = $values.ToArray() }
}

function Receive-Request {
    param([string]$Line)
    if (-not $Line.Trim()) { return }
    $request = $null
    $warnings = [System.Collections.Generic.List[object]]::new()
    $answer = @{ id = $null; ok = $false }
    try {
        $json = [Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($Line.Trim()))
        $request = ConvertFrom-Wire (ConvertFrom-Json -InputObject $json)
        $answer.id = $request.id
        switch -CaseSensitive ($request.op) {
            'hello' { $script:Nonce = $request.nonce; $answer += Invoke-Hello }
            'connect' { $answer += Invoke-Connect -Parameters $request.parameters -Secure $request.secure }
            'invoke' {
                $answer += Invoke-Cmdlet -Name $request.cmdlet -Parameters $request.parameters -Warnings $warnings
            }
            'bye' {
                if (Get-Command -Name Disconnect-ExchangeOnline -ErrorAction SilentlyContinue) {
                    Disconnect-ExchangeOnline -Confirm:$false 3>&1 6>&1 | Out-Null
                }
            }
            default { throw [System.ArgumentException]::new("unknown op '$($request.op)'") }
        }
        $answer.ok = $true
    }
    catch {
        $answer.ok = $false
        $answer.error = Get-ErrorDetail $_
    }
    $answer.warnings = $warnings.ToArray()
    Send-Answer $answer
    if ($request -and $request.op -ceq 'bye') { exit 0 }
}
'''

#: PowerShell 7 reads standard input for a command only if the command names $input, and line by line only in a process
#: block; Windows PowerShell reads that stream itself, so that a loop over [Console]::In would miss lines.
LOADER = (
    "begin { $ready = $false } "
    "process { foreach ($line in $input) { "
    "if ($ready) { Receive-Request $line } "
    "elseif ($line) { "
    ". ([ScriptBlock]::Create([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String($line)))); "
    "$ready = $true } } }"
)


def arguments() -> list[str]:
    """What PowerShell is started with; no word of it depends on data or needs quoting."""
    command = base64.b64encode(LOADER.encode("utf-16-le")).decode("ascii")
    return ["-NoLogo", "-NoProfile", "-NonInteractive", "-EncodedCommand", command]


def first_line() -> bytes:
    """The script as the first line of input."""
    return base64.b64encode(SCRIPT.encode()) + b"\n"
