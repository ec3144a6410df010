# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The report about all credentials: what is said about each, as a table and as a page with a time line. All pure."""
