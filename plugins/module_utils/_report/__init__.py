# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a run tells at its end: rows of facts, and the shapes in which people and programs read them. Pure."""
